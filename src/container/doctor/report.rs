//! What a user sends who has a machine that `bn` was not tried on: as little about the user as can be.

use std::path::Path;

use serde::Serialize;

use crate::container::doctor::Finding;

/// What is worth knowing of a machine, beside what the doctor finds.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// /etc/os-release
    pub os_release: String,
    /// The kernel's release.
    pub kernel: String,
    /// The name of process 1.
    pub init: String,
    /// The security modules of the kernel, in its order.
    pub modules: Option<String>,
    /// What the kernel lets an ordinary user do with user namespaces, where it has a switch for that.
    pub user_namespaces: Vec<(&'static str, String)>,
    pub dumps_to_program: bool,
    /// `ctr run --help`
    pub flags: Option<String>,
    /// How a run in an empty repository ended: its wall was looked at.
    pub trial: String,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub name: &'static str,
    pub value: String,
}

/// Flags of `ctr run` that only newer ones have.
const NEWER_FLAGS: [&str; 2] = ["--hostname", "--rlimit-nofile"];

pub fn lines(machine: &Machine) -> Vec<Line> {
    let line = |name, value: &str| Line { name, value: value.trim().to_owned() };
    let mut lines = vec![
        line("bn", &format!("{}, {}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH)),
        line("system", pretty_name(&machine.os_release)),
        line("kernel", &machine.kernel),
        line("first process", &machine.init),
        line("security modules", machine.modules.as_deref().unwrap_or("the kernel does not say")),
        line("crash dumps", if machine.dumps_to_program { "go to a program" } else { "go to files" }),
    ];
    lines.extend(machine.user_namespaces.iter().map(|(name, value)| line(name, value)));
    lines.push(line("newer flags of ctr run", &newer_flags(machine.flags.as_deref())));
    lines.push(line("a run", &machine.trial));
    lines
}

fn pretty_name(os_release: &str) -> &str {
    let name = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or("without /etc/os-release", |name| name.trim_matches('"'))
}

fn newer_flags(help: Option<&str>) -> String {
    let Some(help) = help else { return "not asked".to_owned() };
    let has = NEWER_FLAGS.iter().filter(|flag| help.contains(*flag)).copied().collect::<Vec<_>>();
    if has.is_empty() { "none".to_owned() } else { has.join(" ") }
}

/// Stands in for the user's name.
pub const NOBODY: &str = "USER";

/// Hides a user's name and home in sentences that were not made for a report. A name may be any word of them: it is one
/// as a folder of the user's, and where sudo speaks of who calls it.
#[derive(Clone, Copy, Debug)]
pub struct Hidden<'a> {
    pub name: &'a str,
    pub home: Option<&'a Path>,
}

impl Hidden<'_> {
    pub fn in_finding(&self, finding: Finding) -> Finding {
        Finding { detail: self.in_text(&finding.detail), fix: finding.fix.map(|fix| self.in_text(&fix)), ..finding }
    }

    pub fn in_text(&self, text: &str) -> String {
        let home = self.home.map(|home| home.display().to_string()).filter(|home| home != "/").unwrap_or_default();
        let text = replace(text, &home, "~", |before, _| before.ends_with(ends_path) || before.is_empty());
        // That of root is no secret.
        let name = if self.name == "root" { "" } else { self.name };
        replace(&text, name, NOBODY, |before, after| {
            is_users_folder(before) || before.ends_with("user ") || after.starts_with(" is not in the sudoers file")
        })
    }
}

/// Puts `new` for `old` where it is a whole word, or a whole path, that `stands` after and before the right text.
fn replace(text: &str, old: &str, new: &str, stands: impl Fn(&str, &str) -> bool) -> String {
    if old.is_empty() {
        return text.to_owned();
    }
    let (mut replaced, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(old) {
        let (before, after) = (&text[..at], &text[at + old.len()..]);
        let is_whole = !before.ends_with(is_of_word) && !after.starts_with(is_of_word);
        if is_whole && stands(before, after) {
            replaced.push_str(&text[from..at]);
            replaced.push_str(new);
            from = at + old.len();
        }
    }
    replaced + &text[from..]
}

/// What the distribution brings has the names that it has everywhere.
fn is_users_folder(before: &str) -> bool {
    let path = &before[before.rfind(ends_path).map_or(0, |at| at + 1)..];
    path.ends_with('/') && !path.starts_with("/usr/")
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_-".contains(letter)
}

fn ends_path(letter: char) -> bool {
    letter.is_whitespace() || "'\"(=:".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said() {
        let empty = lines(&Machine::default());
        let value = |name: &str| empty.iter().find(|line| line.name == name).unwrap().value.clone();
        assert_eq!(value("system"), "without /etc/os-release");
        assert_eq!(value("security modules"), "the kernel does not say");
        assert_eq!(value("newer flags of ctr run"), "not asked");
    }

    #[test]
    fn a_machine_with_newer_tools() {
        let machine = Machine {
            os_release: "ID=x\nPRETTY_NAME=\"X Linux 1\"\n".into(),
            flags: Some("   --hostname value   set it\n".into()),
            user_namespaces: vec![("kernel.apparmor_restrict_unprivileged_userns", "1\n".into())],
            ..Machine::default()
        };
        let text: Vec<_> = lines(&machine).into_iter().map(|line| format!("{}: {}", line.name, line.value)).collect();
        for line in [
            "system: X Linux 1",
            "newer flags of ctr run: --hostname",
            "kernel.apparmor_restrict_unprivileged_userns: 1",
        ] {
            assert!(text.iter().any(|found| found == line), "{line} in {text:?}");
        }
    }

    #[test]
    fn neither_name_nor_home_leaves_the_machine() {
        let hidden = Hidden { name: "dev", home: Some(Path::new("/home/dev")) };
        let finding = Finding::warning("folder", "/home/dev/.local can be read", "chmod o-rwx /home/dev/.local");
        let shown = hidden.in_finding(finding);
        assert_eq!(
            (shown.detail.as_str(), shown.fix.as_deref()),
            ("~/.local can be read", Some("chmod o-rwx ~/.local"))
        );
        for (text, shown) in [
            ("9 GiB free for images at /srv/dev/images", "9 GiB free for images at /srv/USER/images"),
            ("9 GiB free for images at /srv/dev", "9 GiB free for images at /srv/USER"),
            ("/mnt/home/dev, /home/dev: closed", "/mnt/home/USER, ~: closed"),
            ("/home/developer is closed", "/home/developer is closed"),
            ("Sorry, user dev may not run sudo on vm.", "Sorry, user USER may not run sudo on vm."),
            ("sudo: dev is not in the sudoers file.", "sudo: USER is not in the sudoers file."),
        ] {
            assert_eq!(hidden.in_text(text), shown);
        }
    }

    #[test]
    fn a_name_that_is_a_word_stays_one() {
        let named = |name| Hidden { name, home: None };
        let sentence = "on: agents of one repository cannot pass open folders to one another";
        assert_eq!(named("pass").in_text(sentence), sentence);
        assert_eq!(named("git").in_text("2.47.3 (git) at /usr/bin/git"), "2.47.3 (git) at /usr/bin/git");
        assert_eq!(named("root").in_text("user root at /root/x"), "user root at /root/x");
        assert_eq!(named("").in_text(sentence), sentence);
    }
}
