//! What sudo says.

/// Whether these are sudo's last words before it ended: after a mere warning (a host name that nobody knows is one that it
/// gives every time) the program was started, and had the last word itself.
pub fn is_refusal(line: &str) -> bool {
    let warns = line.contains("unable to resolve host");
    (line.starts_with("sudo:") && !warns)
        || line.starts_with("Sorry, user ")
        || line.ends_with("is not in the sudoers file.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::last_line;

    #[test]
    fn a_warning_of_sudos_is_no_refusal() {
        let warning = "sudo: unable to resolve host vm: Name or service not known\n";
        for refusal in [
            "sudo: a password is required\n",
            "sudo: a terminal is required to read the password\nsudo: a password is required\n",
            "Sorry, user dev is not allowed to execute '/usr/bin/ctr version' as root on vm.\n",
            "dev is not in the sudoers file.\n",
        ] {
            assert!(
                is_refusal(last_line(refusal)) && is_refusal(last_line(&format!("{warning}{refusal}"))),
                "{refusal}"
            );
        }
        let not_found = "ctr: container \"a\": not found\n";
        assert!(!is_refusal(last_line(not_found)) && !is_refusal(last_line(&format!("{warning}{not_found}"))));
        assert!(!is_refusal(last_line(warning)));
    }
}
