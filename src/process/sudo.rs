//! What sudo says: the one place that reads its words.

/// Why sudo did not start a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It wants a password first.
    Password,
    /// The user may not do this, or sudo itself cannot.
    Other,
}

impl Refusal {
    /// Reads the last line that sudo printed before it ended: after a mere warning (a host name that nobody knows is one that it gives
    /// every time) the program was started, and had the last word itself.
    pub fn of(line: &str) -> Option<Self> {
        let warns = line.contains("unable to resolve host");
        let own = line.starts_with("sudo:") && !warns;
        let refused = own || line.starts_with("Sorry, user ") || line.ends_with("is not in the sudoers file.");
        refused.then(|| if own && line.contains("password") { Self::Password } else { Self::Other })
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::last_line;

    #[test]
    fn rules_as_sudo_lists_them() {
        let header = "Matching Defaults entries for dev on vm:\n    env_reset, use_pty\n\n\
            User dev may run the following commands on vm:\n";
        let listing = "    (ALL : ALL) ALL\n    (root) NOPASSWD: /usr/bin/ctr, /usr/sbin/runc update *\n";
        let commands = ["/usr/bin/ctr", "/usr/sbin/runc update *"].map(str::to_owned).to_vec();
        assert_eq!(free_rules(&format!("{header}{listing}")), [Rule { commands }]);
        let tagged = "    (ALL) NOPASSWD: SETENV: /usr/bin/ctr\n";
        assert_eq!(free_rules(tagged), [Rule { commands: vec!["/usr/bin/ctr".into()] }]);
    }

    #[test]
    fn a_warning_of_sudos_is_no_refusal() {
        let warning = "sudo: unable to resolve host vm: Name or service not known\n";
        for (said, refusal) in [
            ("sudo: a password is required\n", Refusal::Password),
            ("sudo: a terminal is required to read the password\nsudo: a password is required\n", Refusal::Password),
            ("Sorry, user dev is not allowed to execute '/usr/bin/ctr version' as root on vm.\n", Refusal::Other),
            ("dev is not in the sudoers file.\n", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(last_line(said)), Some(refusal), "{said}");
            assert_eq!(Refusal::of(last_line(&format!("{warning}{said}"))), Some(refusal), "{said}");
        }
        let not_found = "ctr: container \"a\": not found\n";
        for said in [not_found, &format!("{warning}{not_found}"), warning] {
            assert_eq!(Refusal::of(last_line(said)), None, "{said}");
        }
    }
}
