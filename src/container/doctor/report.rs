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

/// The same finding without the user's name and home.
pub fn without_user(finding: Finding, name: &str, home: Option<&Path>) -> Finding {
    let hide = |text: &str| {
        let text = home.map_or_else(|| text.to_owned(), |home| text.replace(&home.display().to_string(), "~"));
        let words = text.split(' ').map(|word| if word == name && name != "root" { "USER" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    Finding { detail: hide(&finding.detail), fix: finding.fix.as_deref().map(hide), ..finding }
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
        let finding = Finding::warning("user", "dev (uid 1000) at /home/dev/.local", "sudo usermod x dev");
        let shown = without_user(finding, "dev", Some(Path::new("/home/dev")));
        assert_eq!(shown.detail, "USER (uid 1000) at ~/.local");
        assert_eq!(shown.fix.unwrap(), "sudo usermod x USER");
    }
}
