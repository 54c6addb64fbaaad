//! containerd: whether it is there, lets us in, and has an image.

use crate::container::doctor::Finding;
use crate::container::doctor::facts::{Answer, EngineFacts, Socket};
use crate::container::doctor::version::Version;

/// The containerds with which runs were seen from start to end, in docs/machines.md.
pub const TRIED: [Version; 3] = [Version(1, 6, 20), Version(1, 7, 24), Version(2, 1, 9)];

const START: &str = "sudo systemctl enable --now containerd, or CONTAINERD_ADDRESS=/path/to/containerd.sock";

pub fn check(engine: &EngineFacts) -> Vec<Finding> {
    let mut findings = vec![socket(engine)];
    findings.extend(daemon(engine));
    findings.extend(image(engine));
    findings.extend(open_files(engine));
    findings
}

fn socket(engine: &EngineFacts) -> Finding {
    let address = &engine.address;
    match engine.socket {
        Socket::Absent => Finding::broken("socket", format!("nothing is at {address}"), START),
        Socket::Deaf => Finding::broken("socket", format!("nobody listens at {address}"), START),
        Socket::Closed => Finding::ok("socket", format!("{address}, through sudo")),
        Socket::Open { to_everybody: false } => Finding::ok("socket", address),
        Socket::Open { to_everybody: true } => Finding::warning(
            "socket",
            format!("every user of this machine may connect to {address}, and so become root"),
            format!("sudo chmod 660 {address}"),
        ),
    }
}

fn daemon(engine: &EngineFacts) -> Option<Finding> {
    Some(match &engine.answer {
        Answer::Version(version) => Finding::ok("containerd", format!("{version}, answers; {}", tried(version))),
        Answer::PasswordNeeded => {
            Finding::warning("containerd", "not asked: sudo wants a password first", "sudo -v, then once more")
        }
        Answer::Error(message) => Finding::broken("containerd", message, "sudo systemctl status containerd"),
        Answer::NotAsked => return None,
    })
}

/// Distributions mend a series and keep its behaviour: it is what counts.
fn tried(version: &str) -> String {
    let series = |(major, minor): (u32, u32)| format!("{major}.{minor}");
    let found = Version::find(version).map(Version::series);
    match TRIED.iter().find(|tried| Some(tried.series()) == found) {
        Some(tried) => format!("bn was tried with {tried}"),
        None => {
            let all = TRIED.map(|tried| series(tried.series())).join(", ");
            let this = found.map_or_else(|| "this one".to_owned(), series);
            format!(
                "bn was tried with {all}, and not with {this}: please send what `bn container doctor --report` prints"
            )
        }
    }
}

fn image(engine: &EngineFacts) -> Option<Finding> {
    let (reference, is_there) = &engine.image;
    Some(match is_there.as_ref()? {
        true => Finding::ok("image", reference),
        false => Finding::warning("image", format!("{reference} is not built yet"), "bn container build"),
    })
}

/// Where it works there is nothing to say.
fn open_files(engine: &EngineFacts) -> Option<Finding> {
    (engine.many_files == Some(false)).then(|| {
        Finding::warning(
            "open files",
            "an agent's process may open 1024 files at a time: this ctr has no --rlimit-nofile, and root may not raise it \
             afterwards (it lacks CAP_SYS_RESOURCE)",
            "containerd 2.3 or newer, or give root here CAP_SYS_RESOURCE",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn facts(socket: Socket, answer: Answer, image: Option<bool>) -> EngineFacts {
        EngineFacts {
            address: "/run/c.sock".into(),
            socket,
            answer,
            image: ("localhost/x:1".into(), image),
            many_files: None,
        }
    }

    fn statuses(facts: &EngineFacts) -> Vec<(String, Status)> {
        check(facts).into_iter().map(|finding| (finding.name, finding.status)).collect()
    }

    #[test]
    fn few_open_files_are_said_where_they_were_tried_and_refused() {
        let with = |many_files| {
            check(&EngineFacts { many_files, ..facts(Socket::Closed, Answer::NotAsked, None) }).into_iter().nth(1)
        };
        assert_eq!((with(None), with(Some(true))), (None, None));
        let said = with(Some(false)).unwrap();
        assert_eq!((said.status, said.name.as_str()), (Status::Warning, "open files"));
    }

    #[test]
    fn the_versions_that_were_tried_are_named() {
        let said = |version: &str| {
            let facts = facts(Socket::Closed, Answer::Version(version.into()), None);
            check(&facts).into_iter().nth(1).unwrap()
        };
        assert_eq!(said("1.7.31").detail, "1.7.31, answers; bn was tried with 1.7.24");
        let unknown = said("v2.2.1");
        assert_eq!(unknown.status, Status::Ok);
        assert!(
            unknown
                .detail
                .starts_with("v2.2.1, answers; bn was tried with 1.6, 1.7, 2.1, and not with 2.2: please send"),
            "{unknown:?}"
        );
    }

    #[test]
    fn what_is_wrong_is_broken_and_what_is_missing_is_said() {
        let absent = facts(Socket::Absent, Answer::NotAsked, None);
        assert_eq!(statuses(&absent), [("socket".into(), Status::Broken)]);
        let sick = facts(Socket::Closed, Answer::Error("timeout".into()), None);
        assert_eq!(statuses(&sick), [("socket".into(), Status::Ok), ("containerd".into(), Status::Broken)]);
        let fresh = facts(Socket::Closed, Answer::Version("1.7.33".into()), Some(false));
        assert_eq!(statuses(&fresh)[2], ("image".into(), Status::Warning));
        let wide = facts(Socket::Open { to_everybody: true }, Answer::PasswordNeeded, None);
        assert_eq!(statuses(&wide), [("socket".into(), Status::Warning), ("containerd".into(), Status::Warning)]);
    }
}
