//! Known holes of containerd and runc that matter for a container with a stranger inside.

use crate::container::doctor::Finding;
use crate::container::doctor::facts::{Answer, Facts, Tool};
use crate::container::doctor::version::Version;

struct Advisory {
    id: &'static str,
    what: &'static str,
    /// The first version that has it; `None`: all old ones.
    since: Option<Version>,
    /// The first good version of each branch that got a fix. Branches above the last are good.
    fixed: &'static [Version],
}

const RUNC: &[Advisory] = &[
    Advisory {
        id: "CVE-2024-21626",
        what: "a leaked file descriptor opens the host's files",
        since: None,
        fixed: &[Version(1, 1, 12)],
    },
    Advisory {
        id: "CVE-2024-45310",
        what: "empty files can be made on the host",
        since: None,
        fixed: &[Version(1, 1, 14), Version(1, 2, 0)],
    },
    Advisory {
        id: "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881",
        what: "masked files of /proc become writable, which is a way out",
        since: None,
        fixed: &[Version(1, 2, 8), Version(1, 3, 3), Version(1, 4, 0)],
    },
    Advisory {
        id: "CVE-2026-41579",
        what: "an image whose /dev is a link removes and makes files on the host",
        since: None,
        fixed: &[Version(1, 3, 6), Version(1, 4, 3), Version(1, 5, 0)],
    },
];

const CONTAINERD: &[Advisory] = &[
    Advisory {
        id: "CVE-2024-25621",
        what: "other users of the machine can enter /var/lib/containerd",
        since: None,
        fixed: &[Version(1, 7, 29), Version(2, 0, 7), Version(2, 1, 5), Version(2, 2, 0)],
    },
    Advisory {
        id: "CVE-2024-40635",
        what: "an image with a huge USER starts as root",
        since: None,
        fixed: &[Version(1, 6, 38), Version(1, 7, 27), Version(2, 0, 4)],
    },
    Advisory {
        id: "CVE-2025-47290",
        what: "an image can write to the host while it is unpacked",
        since: Some(Version(2, 1, 0)),
        fixed: &[Version(2, 1, 1)],
    },
    Advisory {
        id: "CVE-2025-64329",
        what: "attaching through CRI, which bn does not use, eats the host's memory",
        since: None,
        fixed: &[Version(1, 7, 29), Version(2, 0, 7), Version(2, 1, 5), Version(2, 2, 0)],
    },
    Advisory {
        id: "CVE-2026-46680",
        what: "an image with a huge USER starts as root, if its passwd says so",
        since: None,
        fixed: &[Version(1, 7, 32), Version(2, 0, 9), Version(2, 2, 4), Version(2, 3, 1)],
    },
    Advisory {
        id: "CVE-2026-47262",
        what: "an image eats containerd's memory when a container is made of it",
        since: None,
        fixed: &[Version(1, 7, 33), Version(2, 0, 10), Version(2, 1, 9), Version(2, 2, 5), Version(2, 3, 2)],
    },
    Advisory {
        id: "CVE-2026-50195, CVE-2026-53489, CVE-2026-53492",
        what: "restoring a checkpoint through CRI, which bn does not use, obeys the checkpoint",
        since: Some(Version(2, 1, 0)),
        fixed: &[Version(2, 1, 9), Version(2, 2, 5), Version(2, 3, 2)],
    },
    Advisory {
        id: "CVE-2026-95839",
        what: "an image crashes containerd while it is imported",
        since: Some(Version(2, 2, 0)),
        fixed: &[Version(2, 2, 10), Version(2, 3, 7), Version(2, 4, 2)],
    },
    Advisory {
        id: "CVE-2026-53488",
        what: "an image's labels run a program on the host; bn empties these labels on its own containers",
        since: None,
        fixed: &[Version(1, 7, 33), Version(2, 0, 10), Version(2, 1, 9), Version(2, 2, 5), Version(2, 3, 2)],
    },
];

const BUILDAH: &[Advisory] = &[Advisory {
    id: "CVE-2024-1753, CVE-2024-9675, CVE-2024-11218",
    what: "RUN --mount in a Containerfile writes to the host's files",
    since: None,
    fixed: &[Version(1, 37, 6), Version(1, 38, 1)],
}];

impl Advisory {
    fn concerns(&self, version: Version) -> bool {
        let same = self.fixed.iter().find(|fixed| fixed.series() == version.series());
        let newer = self.fixed.iter().all(|fixed| fixed.series() < version.series());
        let fixed = same.map_or(newer, |fixed| version >= *fixed);
        !fixed && self.since.is_none_or(|since| version >= since)
    }

    /// The nearest good version.
    fn next_fixed(&self, version: Version) -> Version {
        let mut later = self.fixed.iter().filter(|fixed| fixed.series() >= version.series());
        later.next().or(self.fixed.last()).copied().unwrap_or(version)
    }
}

pub fn check(facts: &Facts) -> Vec<Finding> {
    let tool = |name: &str| facts.tools.iter().find(|tool| tool.name == name && tool.path.is_some());
    let daemon = match &facts.engine.answer {
        Answer::Version(version) => Some(version.as_str()),
        _ => None,
    };
    let containerd =
        tool("ctr").and_then(|ctr| Some(known_holes("containerd", daemon.or(ctr.version.as_deref())?, ctr)));
    let runc = tool("runc").and_then(|runc| Some(known_holes("runc", runc.version.as_deref()?, runc)));
    let buildah = tool("buildah").and_then(|tool| Some(known_holes("buildah", tool.version.as_deref()?, tool)));
    [containerd, runc, buildah].into_iter().flatten().flatten().collect()
}

/// The holes by which a Containerfile's mounts reach the host, where buildah, by what it says its version is, has them.
pub fn mounts_reach_the_host(buildah: &str) -> Option<&'static str> {
    let version = Version::find(buildah)?;
    BUILDAH.iter().find(|advisory| advisory.concerns(version)).map(|advisory| advisory.id)
}

/// One line for each, or one that says that there is none.
fn known_holes(name: &'static str, text: &str, tool: &Tool) -> Vec<Finding> {
    let Some(version) = Version::find(text) else { return Vec::new() };
    let advisories = match name {
        "runc" => RUNC,
        "buildah" => BUILDAH,
        _ => CONTAINERD,
    };
    let open: Vec<_> = advisories.iter().filter(|advisory| advisory.concerns(version)).collect();
    if open.is_empty() {
        return vec![Finding::ok(name, format!("{version} has none of the holes that bn knows of"))];
    }
    open.into_iter().map(|advisory| hole(name, version, tool, advisory)).collect()
}

/// Distributions mend old versions and keep their number: then the package alone tells, and not to us.
fn hole(name: &str, version: Version, tool: &Tool, advisory: &Advisory) -> Finding {
    let Advisory { id, what, .. } = advisory;
    let wanted = advisory.next_fixed(version);
    let (whose, fix) = match &tool.package {
        Some(package) => (
            "upstream's ",
            format!("{wanted}, or your distribution's update: {package} may have it mended, see its security tracker"),
        ),
        None => ("", format!("update to {wanted} or later")),
    };
    Finding::warning(name, format!("{whose}{version} has {id}: {what}"), fix)
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn concerned(advisories: &[Advisory], version: Version) -> Vec<&'static str> {
        advisories.iter().filter(|advisory| advisory.concerns(version)).map(|advisory| advisory.id).collect()
    }

    #[test]
    fn runc_by_version() {
        assert_eq!(concerned(RUNC, Version(1, 1, 11)).len(), 4);
        assert!(!concerned(RUNC, Version(1, 1, 12)).contains(&"CVE-2024-21626"));
        assert_eq!(concerned(RUNC, Version(1, 2, 8)), ["CVE-2026-41579"]);
        assert_eq!(concerned(RUNC, Version(1, 3, 3)), ["CVE-2026-41579"]);
        for good in [Version(1, 3, 6), Version(1, 4, 3), Version(1, 5, 0), Version(2, 0, 0)] {
            assert_eq!(concerned(RUNC, good), Vec::<&str>::new(), "{good}");
        }
    }

    #[test]
    fn containerd_by_version() {
        assert_eq!(concerned(CONTAINERD, Version(1, 6, 20)).len(), 6);
        assert_eq!(concerned(CONTAINERD, Version(1, 7, 29)), ["CVE-2026-46680", "CVE-2026-47262", "CVE-2026-53488"]);
        assert_eq!(concerned(CONTAINERD, Version(2, 3, 6)), ["CVE-2026-95839"]);
        assert!(concerned(CONTAINERD, Version(2, 1, 0)).contains(&"CVE-2025-47290"));
        for good in [Version(1, 7, 33), Version(2, 2, 10), Version(2, 3, 7), Version(2, 4, 2), Version(2, 5, 0)] {
            assert_eq!(concerned(CONTAINERD, good), Vec::<&str>::new(), "{good}");
        }
    }

    #[test]
    fn buildah_by_version() {
        assert!(
            mounts_reach_the_host("buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)").is_some()
        );
        assert!(mounts_reach_the_host("buildah version 1.38.0").is_some());
        for good in ["1.37.6", "1.38.1", "1.39.3", "2.0.0"] {
            assert_eq!(mounts_reach_the_host(&format!("buildah version {good}")), None, "{good}");
        }
    }

    #[test]
    fn a_distribution_may_have_fixed_it() {
        let mut tool = Tool { name: "runc", path: Some("/usr/sbin/runc".into()), version: None, package: None };
        let said = "1.3.5 has CVE-2026-41579: an image whose /dev is a link removes and makes files on the host";
        let own = known_holes("runc", "runc version 1.3.5", &tool);
        assert_eq!(own, [Finding::warning("runc", said, "update to 1.3.6 or later")]);
        tool.package = Some("runc 1.3.5-1+deb13u1".into());
        let packaged = known_holes("runc", "runc version 1.3.5", &tool);
        assert_eq!(packaged[0].detail, format!("upstream's {said}"));
        assert!(packaged[0].fix.as_ref().unwrap().contains("runc 1.3.5-1+deb13u1 may have it mended"));
        assert_eq!(known_holes("runc", "runc version 1.5.1", &tool)[0].status, Status::Ok);
        assert_eq!(RUNC[2].next_fixed(Version(1, 1, 5)), Version(1, 2, 8));
    }
}
