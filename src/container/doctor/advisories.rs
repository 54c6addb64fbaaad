//! Known holes of containerd and runc that matter for a container with a stranger inside.

use std::sync::LazyLock;

use crate::container::doctor::Finding;
use crate::container::doctor::facts::{Answer, Facts, Tool};
use crate::container::doctor::version::Version;

struct Advisory {
    program: &'static str,
    id: &'static str,
    what: &'static str,
    /// The first version that has it; `None`: all old ones.
    since: Option<Version>,
    /// The first good version of each branch that got a fix.
    fixed: Vec<Version>,
}

/// The branches above the last one with a fix are good.
static ADVISORIES: LazyLock<Vec<Advisory>> =
    LazyLock::new(|| include_str!("advisories.txt").lines().filter_map(Advisory::parse).collect());

impl Advisory {
    /// A line of the file; `None` for one that is empty or a comment.
    fn parse(line: &'static str) -> Option<Self> {
        let fields: Vec<&str> = line.split(" | ").collect();
        if line.starts_with('#') {
            return None;
        }
        let &[program, id, since, fixed, what] = fields.as_slice() else { return None };
        let fixed = fixed.split(' ').filter_map(Version::find).collect();
        Some(Self { program, id, what, since: Version::find(since), fixed })
    }

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

/// How much is said of the holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// One line for each program.
    Counted,
    /// One line for each hole.
    Each,
}

pub fn check(facts: &Facts, detail: Detail) -> Vec<Finding> {
    let tool = |name: &str| facts.tools.iter().find(|tool| tool.name == name && tool.path.is_some());
    let daemon = match &facts.engine.answer {
        Answer::Version(version) => Some(version.as_str()),
        _ => None,
    };
    let holes = |name, text: Option<&str>, tool: &Tool| Some(known_holes(name, text?, tool, detail));
    let containerd = tool("ctr").and_then(|ctr| holes("containerd", daemon.or(ctr.version.as_deref()), ctr));
    let runc = tool("runc").and_then(|runc| holes("runc", runc.version.as_deref(), runc));
    let buildah = tool("buildah").and_then(|tool| holes("buildah", tool.version.as_deref(), tool));
    [containerd, runc, buildah].into_iter().flatten().flatten().collect()
}

fn of(program: &str) -> impl Iterator<Item = &'static Advisory> {
    ADVISORIES.iter().filter(move |advisory| advisory.program == program)
}

/// The holes by which a Containerfile's mounts reach the host, where buildah, by what it says its version is, has them.
pub fn mounts_reach_the_host(buildah: &str) -> Option<&'static str> {
    let version = Version::find(buildah)?;
    of("buildah").find(|advisory| advisory.concerns(version)).map(|advisory| advisory.id)
}

fn known_holes(name: &'static str, text: &str, tool: &Tool, detail: Detail) -> Vec<Finding> {
    let Some(version) = Version::find(text) else { return Vec::new() };
    let open: Vec<_> = of(name).filter(|advisory| advisory.concerns(version)).collect();
    match open.as_slice() {
        [] => vec![Finding::ok(name, format!("{version} has none of the vulnerabilities that bn knows of"))],
        [_, _, ..] if detail == Detail::Counted => vec![counted(name, version, tool, &open)],
        _ => open.into_iter().map(|advisory| hole(name, version, tool, advisory)).collect(),
    }
}

fn hole(name: &str, version: Version, tool: &Tool, advisory: &Advisory) -> Finding {
    let Advisory { id, what, .. } = advisory;
    let (whose, fix) = mended(tool, advisory.next_fixed(version));
    Finding::warning(name, format!("{whose}{version} has {id}: {what}"), fix)
}

fn counted(name: &str, version: Version, tool: &Tool, open: &[&Advisory]) -> Finding {
    let ids = open.iter().map(|advisory| advisory.id).collect::<Vec<_>>().join(", ");
    let (whose, fix) = mended(tool, without_holes(name, version));
    let detail = format!("{whose}{version} has {} known holes ({ids})", ids.split(", ").count());
    Finding::warning(name, detail, format!("{fix}; what each is: bn container doctor -v"))
}

/// The nearest version that has none of them.
fn without_holes(name: &str, version: Version) -> Version {
    let later =
        |at: Version| of(name).filter(move |advisory| advisory.concerns(at)).map(move |hole| hole.next_fixed(at));
    let next = |at: &Version| later(*at).max().filter(|next| next > at);
    std::iter::successors(Some(version), next).last().unwrap_or(version)
}

/// Distributions mend old versions and keep their number: then the package alone tells, and not to us.
fn mended(tool: &Tool, wanted: Version) -> (&'static str, String) {
    match &tool.package {
        Some(package) => (
            "upstream's ",
            format!("{wanted}, or your distribution's update: {package} may have it mended, see its security tracker"),
        ),
        None => ("", format!("update to {wanted} or later")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn concerned(program: &str, version: Version) -> Vec<&'static str> {
        of(program).filter(|advisory| advisory.concerns(version)).map(|advisory| advisory.id).collect()
    }

    #[test]
    fn every_line_of_the_file_is_read() {
        let lines = include_str!("advisories.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(ADVISORIES.len(), lines.count());
        for advisory in ADVISORIES.iter() {
            assert!(!advisory.fixed.is_empty() && advisory.id.starts_with("CVE-"), "{}", advisory.id);
        }
    }

    #[test]
    fn runc_by_version() {
        assert_eq!(concerned("runc", Version(1, 1, 11)).len(), 4);
        assert!(!concerned("runc", Version(1, 1, 12)).contains(&"CVE-2024-21626"));
        assert_eq!(concerned("runc", Version(1, 2, 8)), ["CVE-2026-41579"]);
        assert_eq!(concerned("runc", Version(1, 3, 3)), ["CVE-2026-41579"]);
        for good in [Version(1, 3, 6), Version(1, 4, 3), Version(1, 5, 0), Version(2, 0, 0)] {
            assert_eq!(concerned("runc", good), Vec::<&str>::new(), "{good}");
        }
    }

    #[test]
    fn containerd_by_version() {
        assert_eq!(concerned("containerd", Version(1, 6, 20)).len(), 6);
        assert_eq!(concerned("containerd", Version(1, 7, 29)), ["CVE-2026-46680", "CVE-2026-47262", "CVE-2026-53488"]);
        assert_eq!(concerned("containerd", Version(2, 3, 6)), ["CVE-2026-95839"]);
        assert!(concerned("containerd", Version(2, 1, 0)).contains(&"CVE-2025-47290"));
        for good in [Version(1, 7, 33), Version(2, 2, 10), Version(2, 3, 7), Version(2, 4, 2), Version(2, 5, 0)] {
            assert_eq!(concerned("containerd", good), Vec::<&str>::new(), "{good}");
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
    fn many_holes_are_counted_and_the_version_that_is_named_has_none() {
        let tool = Tool { name: "runc", path: Some("/usr/sbin/runc".into()), version: None, package: None };
        let said = |detail| known_holes("runc", "runc version 1.1.11", &tool, detail);
        let counted = said(Detail::Counted);
        assert_eq!(counted.len(), 1);
        // One line of the file may name several.
        assert!(counted[0].detail.starts_with("1.1.11 has 6 known holes (CVE-"), "{}", counted[0].detail);
        assert_eq!(counted[0].detail.matches("CVE-").count(), 6);
        assert_eq!(said(Detail::Each).len(), 4);
        for (program, version) in [
            ("runc", Version(1, 1, 5)),
            ("containerd", Version(1, 6, 20)),
            ("containerd", Version(2, 1, 0)),
            ("buildah", Version(1, 28, 2)),
        ] {
            let good = without_holes(program, version);
            assert_eq!(concerned(program, good), Vec::<&str>::new(), "{program} {good}");
        }
    }

    #[test]
    fn a_distribution_may_have_fixed_it() {
        let mut tool = Tool { name: "runc", path: Some("/usr/sbin/runc".into()), version: None, package: None };
        let said = "1.3.5 has CVE-2026-41579: an image whose /dev is a link removes and makes files on the host";
        let own = known_holes("runc", "runc version 1.3.5", &tool, Detail::Counted);
        assert_eq!(own, [Finding::warning("runc", said, "update to 1.3.6 or later")]);
        tool.package = Some("runc 1.3.5-1+deb13u1".into());
        let packaged = known_holes("runc", "runc version 1.3.5", &tool, Detail::Counted);
        assert_eq!(packaged[0].detail, format!("upstream's {said}"));
        assert!(packaged[0].fix.as_ref().unwrap().contains("runc 1.3.5-1+deb13u1 may have it mended"));
        assert_eq!(known_holes("runc", "runc version 1.5.1", &tool, Detail::Counted)[0].status, Status::Ok);
        let third = of("runc").nth(2).unwrap();
        assert_eq!(third.next_fixed(Version(1, 1, 5)), Version(1, 2, 8));
    }
}
