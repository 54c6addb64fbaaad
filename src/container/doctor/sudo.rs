//! What sudo lets this user do, and whether that is more than `bn` needs.

use crate::container::doctor::Finding;
use crate::container::doctor::facts::SudoFacts;

pub fn check(sudo: &SudoFacts) -> Vec<Finding> {
    if !sudo.used {
        return Vec::new();
    }
    let rules = &sudo.rules;
    let mut findings = Vec::new();
    if rules.iter().any(|rule| rule.commands.iter().any(|command| command == "ALL")) {
        findings.push(Finding::warning(
            "sudo",
            "every program that runs as you can run anything as root without a password",
            "allow what bn calls and no more: NOPASSWD: /usr/bin/ctr, /usr/sbin/runc, /usr/bin/nsenter, /usr/bin/prlimit \
             (ctr alone can still become root)",
        ));
    }
    for program in &sudo.changeable {
        findings.push(Finding::warning(
            "sudo",
            format!("sudo runs {} without a password, and users other than root can change it", program.display()),
            format!("sudo chown root {0} && sudo chmod go-w {0}", program.display()),
        ));
    }
    if findings.is_empty() {
        findings.push(match rules.is_empty() {
            true => Finding::ok("sudo", "sudo asks for your password"),
            false => Finding::ok("sudo", "only some programs run without a password"),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;
    use crate::process::sudo::free_rules;

    fn facts(rules: &str) -> SudoFacts {
        SudoFacts { used: true, rules: free_rules(rules), changeable: Vec::new() }
    }

    #[test]
    fn a_rule_for_everything_is_too_wide() {
        let findings = check(&facts("    (ALL) NOPASSWD: ALL\n"));
        assert_eq!((findings.len(), findings[0].status), (1, Status::Warning));
        assert_eq!(check(&facts("    (ALL : ALL) ALL\n"))[0].status, Status::Ok);
        assert_eq!(check(&facts("    (root) NOPASSWD: /usr/bin/ctr\n"))[0].status, Status::Ok);
    }

    #[test]
    fn a_program_that_its_caller_can_replace() {
        let facts = SudoFacts { changeable: vec!["/home/dev/bin/ctr".into()], ..facts("") };
        assert_eq!(check(&facts)[0].status, Status::Warning);
        assert_eq!(check(&SudoFacts { used: false, ..facts }), []);
    }
}
