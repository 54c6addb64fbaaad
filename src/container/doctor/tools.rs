//! The programs that `bn` calls.

use crate::container::doctor::Finding;
use crate::container::doctor::facts::{Tool, UserFacts};
use crate::env::Privilege;
use crate::process::install;

/// A program, and what does not work without it.
struct Need {
    name: &'static str,
    for_what: &'static str,
    /// Without it `bn` cannot work at all.
    needed: bool,
}

const NEEDS: [Need; 9] = [
    Need { name: "ctr", for_what: "to run containers", needed: true },
    Need { name: "runc", for_what: "to set limits", needed: true },
    Need { name: "buildah", for_what: "to build images", needed: true },
    Need { name: "tar", for_what: "to hand images to containerd", needed: true },
    Need { name: "git", for_what: "for worktrees and merges", needed: true },
    Need { name: "sudo", for_what: "to reach containerd", needed: true },
    Need { name: "newuidmap", for_what: "to build images without root", needed: true },
    Need { name: "nsenter", for_what: "to give a container its own host name", needed: false },
    Need { name: "prlimit", for_what: "to let agents open more than 1024 files", needed: false },
];

/// The programs to look for.
pub fn names() -> impl Iterator<Item = &'static str> {
    NEEDS.iter().map(|need| need.name)
}

pub fn check(tools: &[Tool], user: &UserFacts) -> Vec<Finding> {
    let concerns = |need: &&Need| match need.name {
        "sudo" => user.privilege == Privilege::Ordinary,
        "newuidmap" => user.privilege != Privilege::Root,
        _ => true,
    };
    let tool = |name: &str| tools.iter().find(|tool| tool.name == name);
    NEEDS.iter().filter(concerns).filter_map(|need| Some(finding(need, tool(need.name)?))).collect()
}

fn finding(need: &Need, tool: &Tool) -> Finding {
    let Some(path) = &tool.path else {
        let detail = format!("not found; it is needed {}", need.for_what);
        let fix = match need.name {
            "newuidmap" => "sudo dnf install shadow-utils, or sudo apt install uidmap".to_owned(),
            "nsenter" | "prlimit" => install::hints("util-linux").join(", "),
            other => install::hints(other).join(", "),
        };
        return match need.needed {
            true => Finding::broken(need.name, detail, fix),
            false => Finding::warning(need.name, detail, fix),
        };
    };
    let version = tool.version.as_deref().and_then(|text| text.lines().next()).map(short);
    let package = tool.package.as_deref().map(|package| format!(" ({package})")).unwrap_or_default();
    match version {
        Some(version) => Finding::ok(need.name, format!("{version}{package} at {}", path.display())),
        // It has no way to say its version: that it is there is what counts.
        None => Finding::ok(need.name, path.display().to_string()),
    }
}

/// `runc version 1.1.5+ds1` → `1.1.5+ds1`.
fn short(line: &str) -> &str {
    let numeric = |word: &&str| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    line.split_whitespace().find(numeric).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn tool(name: &'static str, version: &str) -> Tool {
        Tool { name, path: Some(format!("/usr/bin/{name}").into()), version: Some(version.into()), package: None }
    }

    fn user(privilege: Privilege) -> UserFacts {
        UserFacts { name: "dev".into(), uid: 1001, privilege, has_subids: true }
    }

    #[test]
    fn a_program_that_is_there() {
        let findings = check(&[tool("runc", "runc version 1.1.5+ds1\ncommit: x")], &user(Privilege::Ordinary));
        assert_eq!(findings, [Finding::ok("runc", "1.1.5+ds1 at /usr/bin/runc")]);
    }

    #[test]
    fn a_program_that_is_not() {
        let gone = |name| Tool { path: None, version: None, ..tool(name, "") };
        let findings = check(&[gone("buildah"), gone("nsenter")], &user(Privilege::Ordinary));
        assert_eq!(findings[0].status, Status::Broken);
        assert_eq!(findings[0].detail, "not found; it is needed to build images");
        assert!(findings[0].fix.as_ref().unwrap().contains("sudo apt install"));
        assert_eq!(findings[1].status, Status::Warning);
    }

    #[test]
    fn root_needs_neither_sudo_nor_a_map_of_ids() {
        let gone = |name| Tool { path: None, version: None, ..tool(name, "") };
        assert_eq!(check(&[gone("sudo"), gone("newuidmap")], &user(Privilege::Root)), []);
        assert_eq!(check(&[gone("sudo"), gone("newuidmap")], &user(Privilege::Ordinary)).len(), 2);
    }
}
