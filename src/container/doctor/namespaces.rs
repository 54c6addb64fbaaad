//! Whether the kernel lets an ordinary user make the user namespaces that building images without root takes.

use std::path::Path;

use crate::container::doctor::Finding;
use crate::container::doctor::facts::{Namespaces, UserFacts};
use crate::env::Privilege;

/// Switches of the kernel: their name, their file. Debian has the first, Ubuntu the second.
pub const SWITCHES: [(&str, &str); 3] = [
    ("kernel.unprivileged_userns_clone", "/proc/sys/kernel/unprivileged_userns_clone"),
    ("kernel.apparmor_restrict_unprivileged_userns", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
    ("user.max_user_namespaces", "/proc/sys/user/max_user_namespaces"),
];

/// Where the distribution's AppArmor lets the distribution's buildah make them.
pub const PROFILE: &str = "/etc/apparmor.d/buildah";
/// The program that the profile is for.
const PROFILED: &str = "/usr/bin/buildah";

fn is(namespaces: &Namespaces, name: &str, value: &str) -> bool {
    namespaces.switches.iter().any(|(own, found)| *own == name && found.trim() == value)
}

/// Returns what keeps `buildah` from building. `None` where nothing does, or where root builds.
pub fn check(namespaces: &Namespaces, user: &UserFacts, buildah: Option<&Path>) -> Option<Finding> {
    let [(clone, _), (apparmor, _), (most, _)] = SWITCHES;
    let (detail, fix) = if is(namespaces, clone, "0") {
        (format!("{clone} is 0: no image can be built without root"), format!("sudo sysctl -w {clone}=1"))
    } else if is(namespaces, most, "0") {
        (format!("{most} is 0: no image can be built without root"), format!("sudo sysctl -w {most}=15000"))
    } else if is(namespaces, apparmor, "1") && !(namespaces.has_profile && buildah == Some(Path::new(PROFILED))) {
        let whose = buildah.map_or_else(|| "buildah".to_owned(), |path| path.display().to_string());
        (
            format!("{apparmor} is 1, and AppArmor has no profile for {whose}: no image can be built without root"),
            format!("with the distribution's packages there is one ({PROFILE}): sudo apt install apparmor buildah"),
        )
    } else {
        return None;
    };
    (user.privilege != Privilege::Root).then(|| Finding::broken("user namespaces", detail, fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(switches: &[(usize, &str)], has_profile: bool, buildah: &str, privilege: Privilege) -> Option<String> {
        let switches = switches.iter().map(|(which, value)| (SWITCHES[*which].0, format!("{value}\n"))).collect();
        let user = UserFacts { name: "dev".into(), uid: 1001, privilege, has_subids: true };
        let found = check(&Namespaces { switches, has_profile }, &user, Some(Path::new(buildah)));
        found.map(|found| format!("{}\n{}", found.detail, found.fix.unwrap()))
    }

    #[test]
    fn what_lets_nobody_build() {
        let ordinary = |switches, profile, buildah| told(switches, profile, buildah, Privilege::Ordinary);
        let package = "/usr/bin/buildah";
        assert_eq!(ordinary(&[], false, package), None);
        assert_eq!(ordinary(&[(0, "1"), (2, "15000")], false, package), None);
        assert_eq!(ordinary(&[(1, "0")], false, package), None);
        assert_eq!(ordinary(&[(1, "1")], true, package), None);
        assert!(
            ordinary(&[(0, "0")], true, package)
                .unwrap()
                .ends_with("sudo sysctl -w kernel.unprivileged_userns_clone=1")
        );
        assert!(
            ordinary(&[(2, "0")], true, package).unwrap().ends_with("sudo sysctl -w user.max_user_namespaces=15000")
        );
        assert!(ordinary(&[(1, "1")], false, package).unwrap().contains("no profile for /usr/bin/buildah"));
        assert!(ordinary(&[(1, "1")], true, "/opt/buildah").unwrap().contains("no profile for /opt/buildah"));
        assert_eq!(told(&[(0, "0")], false, package, Privilege::Root), None);
    }
}
