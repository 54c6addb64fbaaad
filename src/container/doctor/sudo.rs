//! What sudo lets this user do, and whether that is more than `bn` needs.

use crate::container::doctor::Finding;
use crate::container::doctor::facts::SudoFacts;

/// One rule that needs no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The programs, as sudoers names them; `ALL` for every one.
    pub commands: Vec<String>,
}

/// The rules of `sudo -l` that ask for no password: `(RUNAS) TAGS: COMMANDS`.
pub fn free_rules(listing: &str) -> Vec<Rule> {
    let rules = listing.lines().filter_map(|line| line.trim().strip_prefix('(')?.split_once(')'));
    rules.filter_map(|(_, rest)| Some(Rule { commands: commands(rest.split_once("NOPASSWD:")?.1) })).collect()
}

fn commands(text: &str) -> Vec<String> {
    let without_tags = |part: &str| part.trim().rsplit(": ").next().unwrap_or_default().to_owned();
    text.split(',').map(without_tags).filter(|command| !command.is_empty()).collect()
}

pub fn check(sudo: &SudoFacts) -> Vec<Finding> {
    if !sudo.used {
        return Vec::new();
    }
    let rules = sudo.rules.as_deref().map(free_rules).unwrap_or_default();
    let mut findings = Vec::new();
    if rules.iter().any(|rule| rule.commands.iter().any(|command| command == "ALL")) {
        findings.push(Finding::warning(
            "sudo",
            "anything may be run as root without a password, by whatever runs as you",
            "allow what bn calls and no more: NOPASSWD: /usr/bin/ctr, /usr/sbin/runc, /usr/bin/nsenter, /usr/bin/prlimit \
             (ctr alone can still become root)",
        ));
    }
    for program in &sudo.changeable {
        findings.push(Finding::warning(
            "sudo",
            format!("{} runs as root without a password, and others than root can change it", program.display()),
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

    const HEADER: &str = "Matching Defaults entries for dev on vm:\n    env_reset, use_pty\n\n\
        User dev may run the following commands on vm:\n";

    fn facts(rules: &str) -> SudoFacts {
        SudoFacts { used: true, rules: Some(format!("{HEADER}{rules}")), changeable: Vec::new() }
    }

    #[test]
    fn rules_as_sudo_lists_them() {
        let listing = "    (ALL : ALL) ALL\n    (root) NOPASSWD: /usr/bin/ctr, /usr/sbin/runc update *\n";
        let commands = ["/usr/bin/ctr", "/usr/sbin/runc update *"].map(str::to_owned).to_vec();
        assert_eq!(free_rules(&format!("{HEADER}{listing}")), [Rule { commands }]);
        let tagged = "    (ALL) NOPASSWD: SETENV: /usr/bin/ctr\n";
        assert_eq!(free_rules(tagged), [Rule { commands: vec!["/usr/bin/ctr".into()] }]);
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
