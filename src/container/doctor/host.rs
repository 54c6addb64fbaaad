//! The machine: who works on it, its control groups, its disks, and who can read what `bn` keeps.

use crate::container::doctor::Finding;
use crate::container::doctor::facts::{CgroupFacts, Disk, FolderFacts, HostFacts, UserFacts};
use crate::container::wall::AppArmor;
use crate::env::Privilege;

/// Bytes below which nothing can be built, and below which it gets tight.
const TOO_LITTLE: u64 = 256 << 20;
const LITTLE: u64 = 4 << 30;

/// Permission bits of those who are neither owner nor group.
const OTHERS: u32 = 0o007;

pub fn check(host: &HostFacts, user: &UserFacts) -> Vec<Finding> {
    let mut findings = vec![identity(user)];
    findings.extend(subids(user));
    findings.push(cgroups(&host.cgroups));
    findings.push(apparmor(host.apparmor));
    findings.extend(host.landlock.map(landlock));
    findings.extend(host.folders.iter().map(folder));
    findings.extend(host.disks.iter().map(disk));
    findings
}

fn identity(user: &UserFacts) -> Finding {
    let UserFacts { name, uid, .. } = user;
    match user.privilege {
        Privilege::Ordinary => Finding::ok("user", format!("{name} (uid {uid})")),
        Privilege::Saved => Finding::ok("user", format!("{name} (uid {uid}), through sudo")),
        Privilege::Root => Finding::warning(
            "user",
            "you are root: agents work as uid 0, without a capability, and can change every file of root's that they reach",
            "use an account of your own; bn calls sudo where it has to",
        ),
    }
}

fn subids(user: &UserFacts) -> Option<Finding> {
    let UserFacts { name, .. } = user;
    match (user.privilege, user.has_subids) {
        (Privilege::Root, _) => None,
        (_, true) => Some(Finding::ok("subordinate ids", "there is a range of them, for building images without root")),
        (_, false) => Some(Finding::broken(
            "subordinate ids",
            format!("{name} has none in /etc/subuid and /etc/subgid: no image with more than one user can be built"),
            format!("sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {name}"),
        )),
    }
}

fn cgroups(cgroups: &CgroupFacts) -> Finding {
    let Some(version) = cgroups.version else {
        return Finding::broken(
            "cgroups",
            "none are mounted: no limit would hold",
            "mount them, or start with systemd",
        );
    };
    if !cgroups.missing.is_empty() {
        let missing = cgroups.missing.join(", ");
        let fix = "boot with cgroup_enable=memory, or with a kernel that has them";
        return Finding::broken(
            "cgroups",
            format!("version {version} without {missing}: no such limit would hold"),
            fix,
        );
    }
    if cgroups.swap_escapes {
        let fix = "sudo swapoff -a, or boot with swapaccount=1";
        return Finding::broken("cgroups", format!("version {version}; swap is used and cannot be limited"), fix);
    }
    Finding::ok("cgroups", format!("version {version}, with pids, memory and cpu"))
}

fn landlock(on: bool) -> Finding {
    match on {
        true => Finding::ok("landlock", "on: agents of one repository cannot pass open folders to one another"),
        false => Finding::warning(
            "landlock",
            "off: agents that work in one repository at the same time can pass open folders to one another",
            "let one end before the next begins; or boot with landlock among lsm=, Linux 5.19 or newer",
        ),
    }
}

/// Only some distributions have it: where it is missing there is nothing to mend.
fn apparmor(apparmor: AppArmor) -> Finding {
    match apparmor {
        AppArmor::On => Finding::ok("apparmor", "on: containers get containerd's profile"),
        AppArmor::Off => Finding::ok("apparmor", "off on this machine: containers have no profile"),
        AppArmor::WithoutParser => Finding::warning(
            "apparmor",
            "on, but containers have no profile: apparmor_parser is missing",
            "on Debian/Ubuntu: sudo apt install apparmor",
        ),
    }
}

fn folder(folder: &FolderFacts) -> Finding {
    let path = folder.path.display();
    if folder.reachable && folder.mode & OTHERS != 0 {
        let detail = format!("{path} can be read by every user of this machine (mode {:04o})", folder.mode & 0o7777);
        return Finding::warning("folder", detail, format!("chmod o-rwx {path}"));
    }
    Finding::ok("folder", format!("{path} is closed to others"))
}

fn disk(disk: &Disk) -> Finding {
    let Disk { what, path, free } = disk;
    let detail = format!("{} free for {what} at {}", size(*free), path.display());
    match *free {
        free if free < TOO_LITTLE => Finding::broken("disk", detail, "make room"),
        free if free < LITTLE => Finding::warning("disk", detail, "an image with agents takes 1 to 2 GiB"),
        _ => Finding::ok("disk", detail),
    }
}

fn size(bytes: u64) -> String {
    match bytes >> 30 {
        0 => format!("{} MiB", bytes >> 20),
        gib => format!("{gib} GiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn user(privilege: Privilege, has_subids: bool) -> UserFacts {
        UserFacts { name: "dev".into(), uid: 1001, privilege, has_subids }
    }

    #[test]
    fn root_is_told_why_not() {
        assert_eq!(identity(&user(Privilege::Root, false)).status, Status::Warning);
        assert_eq!(identity(&user(Privilege::Saved, false)).status, Status::Ok);
        assert_eq!(subids(&user(Privilege::Root, false)), None);
        assert_eq!(subids(&user(Privilege::Ordinary, false)).unwrap().status, Status::Broken);
    }

    #[test]
    fn a_profile_that_cannot_be_loaded_is_said() {
        assert_eq!(apparmor(AppArmor::Off).status, Status::Ok);
        assert_eq!(apparmor(AppArmor::On).status, Status::Ok);
        assert_eq!(apparmor(AppArmor::WithoutParser).status, Status::Warning);
        assert_eq!(AppArmor::WithoutParser.profile(), None);
    }

    #[test]
    fn limits_that_could_not_hold() {
        let facts = |version, missing: &[&'static str], swap_escapes| {
            cgroups(&CgroupFacts { version, missing: missing.to_vec(), swap_escapes }).status
        };
        assert_eq!(facts(Some(2), &[], false), Status::Ok);
        assert_eq!(facts(None, &[], false), Status::Broken);
        assert_eq!(facts(Some(1), &["memory"], false), Status::Broken);
        assert_eq!(facts(Some(1), &[], true), Status::Broken);
    }

    #[test]
    fn a_folder_that_others_can_read() {
        let facts = |mode, reachable| folder(&FolderFacts { path: "/d".into(), mode, reachable });
        assert_eq!(facts(0o755, true).fix.unwrap(), "chmod o-rwx /d");
        assert_eq!(facts(0o755, false).status, Status::Ok);
        assert_eq!(facts(0o2770, true).status, Status::Ok);
    }

    #[test]
    fn little_room() {
        let facts = |free| disk(&Disk { what: "images".into(), path: "/".into(), free });
        assert_eq!(facts(100 << 20).status, Status::Broken);
        assert_eq!(facts(1 << 30).status, Status::Warning);
        assert_eq!(facts(50 << 30), Finding::ok("disk", "50 GiB free for images at /"));
    }
}
