//! How a wall differs from what it has to be, one line each. Pure: what was read, against what was asked for.

use std::path::Path;

use crate::container::wall::cgroup::Limit;
use crate::container::wall::expected::{Expected, ExpectedMount, ExpectedProcess};
use crate::container::wall::mountinfo::MountPoint;
use crate::container::wall::status::Process;
use crate::container::wall::{HostFacts, Wall};

/// Bytes. The kernel rounds a memory limit down to whole pages.
const PAGE: u64 = 4096;

/// The kinds of namespaces that every container has for itself.
const NAMESPACES: [&str; 5] = ["pid", "mnt", "uts", "ipc", "cgroup"];

/// The nodes that runc makes. They hold nothing of the host's.
const DEVICES: [&str; 8] = ["null", "zero", "full", "random", "urandom", "tty", "console", "ptmx"];

/// What containerd mounts by itself, and which file system stands there.
const DEFAULT_MOUNTS: [(&str, &str); 7] = [
    ("/proc", "proc"),
    ("/dev", "tmpfs"),
    ("/dev/pts", "devpts"),
    ("/dev/shm", "tmpfs"),
    ("/dev/mqueue", "mqueue"),
    ("/sys", "sysfs"),
    ("/run", "tmpfs"),
];

/// What `ctr run --net-host` mounts besides.
const NETWORK_FILES: [&str; 2] = ["/etc/hosts", "/etc/resolv.conf"];

/// Everything that is not as it should be. Nothing in it means that the container may start its work.
pub fn differences(wall: &Wall, expected: &Expected) -> Vec<String> {
    let mut found = Vec::new();
    if wall.processes.is_empty() {
        found.push("no process of the container can be seen".to_owned());
    }
    found.extend(of_processes(&wall.processes, &wall.host, &expected.process));
    namespaces(wall, expected, &mut found);
    mounts(wall, expected, &mut found);
    sensitive_paths(wall, &mut found);
    devices(wall, &mut found);
    limits(wall, expected, &mut found);
    apparmor(wall, expected, &mut found);
    found
}

/// What is not as it should be with these processes.
pub fn of_processes(processes: &[Process], host: &HostFacts, expected: &ExpectedProcess) -> Vec<String> {
    let mut found = Vec::new();
    processes.iter().for_each(|process| of_process(process, host, expected, &mut found));
    found
}

fn of_process(process: &Process, host: &HostFacts, expected: &ExpectedProcess, found: &mut Vec<String>) {
    let Process { pid, name, .. } = process;
    let mut say = |what: String| found.push(format!("process {pid} ({name}): {what}"));
    for (kind, ids, wanted) in [("uid", &process.uids, expected.uid), ("gid", &process.gids, expected.gid)] {
        if ids.is_empty() || ids.iter().any(|id| *id != wanted) {
            say(format!("{kind} is {ids:?}, not {wanted}"));
        }
    }
    let strangers: Vec<_> = process.groups.iter().filter(|group| **group != expected.gid).collect();
    if !strangers.is_empty() {
        say(format!("it is in the groups {strangers:?}"));
    }
    for (set, mask) in process.capabilities.sets() {
        if mask != 0 {
            say(format!("the {set} capabilities are {mask:#x}, not 0"));
        }
    }
    if !process.no_new_privs {
        say("no_new_privs is off".to_owned());
    }
    if !crash_stays_inside(process, host) {
        let why = if process.core_dump == Some(0) { CORE_LIMIT_OF_0 } else { "" };
        say(format!("its crash would be given to a program of the host{why}"));
    }
    if process.file_size.is_none_or(|size| size > expected.file_size) {
        say(format!("it may write a file larger than {} bytes", expected.file_size));
    }
    if expected.seccomp && process.seccomp == 0 {
        say("no filter of system calls is on".to_owned());
    }
}

/// What containerd was given, it gives to its containers.
const CORE_LIMIT_OF_0: &str = ", for its core limit is 0 (was containerd started through sudo?)";

/// A limit of 1 means "no dump" to every kernel. 0 does so only where dumps go to files: a program that takes them gets
/// one all the same.
fn crash_stays_inside(process: &Process, host: &HostFacts) -> bool {
    match process.core_dump {
        Some(1) => true,
        Some(0) => !host.dumps_to_program,
        _ => false,
    }
}

fn namespaces(wall: &Wall, expected: &Expected, found: &mut Vec<String>) {
    let own = |kind: &str| wall.namespaces.iter().any(|name| name == kind);
    found.extend(NAMESPACES.iter().filter(|kind| !own(kind)).map(|kind| format!("the {kind} namespace is the host's")));
    if expected.host_network {
        return;
    }
    if !own("net") {
        found.push("the network is the host's".to_owned());
    }
    let foreign = wall.interfaces.iter().filter(|name| *name != "lo");
    found.extend(foreign.map(|name| format!("there is a network interface {name}")));
}

fn mounts(wall: &Wall, expected: &Expected, found: &mut Vec<String>) {
    for mount in wall.mounts.iter().filter(|mount| !mount.hidden) {
        let asked = expected.mounts.iter().find(|asked| asked.destination == mount.destination);
        let complaints = match asked {
            Some(asked) => compare(mount, asked),
            None if is_default(mount, expected) || only_takes_away(mount) => Vec::new(),
            None => vec![format!("nobody asked for it ({} of {})", mount.root.display(), mount.filesystem)],
        };
        let general = dangers(mount);
        let others = shows_other_groups(mount, expected).then(|| "it shows the control groups of others".to_owned());
        let place = mount.destination.display();
        found.extend(complaints.into_iter().chain(general).chain(others).map(|what| format!("mount {place}: {what}")));
    }
    let is_missing = |asked: &&ExpectedMount| !visible(wall, &asked.destination);
    found.extend(
        expected
            .mounts
            .iter()
            .filter(is_missing)
            .map(|asked| format!("mount {}: it is missing", asked.destination.display())),
    );
}

fn visible(wall: &Wall, destination: &Path) -> bool {
    wall.mounts.iter().any(|mount| !mount.hidden && mount.destination == destination)
}

fn compare(mount: &MountPoint, asked: &ExpectedMount) -> Vec<String> {
    let mut complaints = Vec::new();
    for option in &asked.restrictions {
        let held = if option == "ro" { mount.is_read_only() } else { mount.has(option) };
        if !held {
            complaints.push(if option == "ro" { "it can be written".to_owned() } else { format!("it lacks {option}") });
        }
    }
    if asked.filesystem.is_some_and(|wanted| wanted != mount.filesystem) {
        complaints.push(format!("it is {}", mount.filesystem));
    }
    if mount.slave {
        complaints.push("what the host mounts later appears in it".to_owned());
    }
    if asked.identity.is_some() && asked.identity != mount.identity {
        complaints.push("something else than what was asked for is mounted there".to_owned());
    }
    complaints
}

fn is_default(mount: &MountPoint, expected: &Expected) -> bool {
    let path = mount.destination.as_path();
    let is_listed = DEFAULT_MOUNTS.iter().any(|(place, kind)| path == Path::new(place) && mount.filesystem == *kind);
    let is_console = expected.terminal && path == Path::new("/dev/console") && mount.filesystem == "devpts";
    let is_network_file = expected.host_network && NETWORK_FILES.iter().any(|file| path == Path::new(file));
    let is_of_groups = path.starts_with("/sys/fs/cgroup") && (is_cgroup(mount) || mount.filesystem == "tmpfs");
    path == Path::new("/") || is_listed || is_console || (is_network_file && mount.is_read_only()) || is_of_groups
}

/// A read-only or empty thing over a part of /proc or /sys: newer containerds hide more than older ones.
fn only_takes_away(mount: &MountPoint) -> bool {
    let below = ["/proc/", "/sys/"].iter().any(|place| mount.destination.starts_with(place));
    let empty = mount.root == Path::new("/null") || (mount.filesystem == "tmpfs" && mount.is_read_only());
    let less = matches!(mount.filesystem.as_str(), "proc" | "sysfs") && mount.is_read_only();
    below && (empty || less)
}

/// What no mount may be, asked for or not.
fn dangers(mount: &MountPoint) -> Vec<String> {
    let mut complaints = Vec::new();
    if mount.shared {
        complaints.push("mounts made in it would appear on the host".to_owned());
    }
    let kernels_own =
        is_cgroup(mount) || matches!(mount.filesystem.as_str(), "sysfs" | "debugfs" | "tracefs" | "securityfs");
    if kernels_own && !mount.is_read_only() {
        complaints.push(format!("{} can be written", mount.filesystem));
    }
    complaints
}

/// On the host, the root of such a mount is the group that it begins with.
fn shows_other_groups(mount: &MountPoint, expected: &Expected) -> bool {
    is_cgroup(mount) && !mount.root.ends_with(&expected.group)
}

fn is_cgroup(mount: &MountPoint) -> bool {
    matches!(mount.filesystem.as_str(), "cgroup" | "cgroup2")
}

fn sensitive_paths(wall: &Wall, found: &mut Vec<String>) {
    let open = wall.host.maskable.iter().filter(|path| !visible(wall, path));
    found.extend(open.map(|path| format!("{} is neither hidden nor read-only", path.display())));
}

fn devices(wall: &Wall, found: &mut Vec<String>) {
    let strange = wall.devices.iter().filter(|name| !DEVICES.contains(&name.as_str()));
    found.extend(strange.map(|name| format!("there is a device /dev/{name}")));
}

fn limits(wall: &Wall, expected: &Expected, found: &mut Vec<String>) {
    let (is, asked) = (&wall.limits, &expected.limits);
    let memory = asked.memory / PAGE * PAGE;
    let mut check = |what: &str, limit: Limit, wanted: u64| {
        if !is_at_most(limit, wanted) {
            found.push(format!("the limit of {what} is {limit}, not {wanted}"));
        }
    };
    check("processes", is.pids, asked.pids.into());
    check("memory", is.memory, memory);
    // Without swap there is nothing to limit, and without swap accounting no file to see it in.
    if wall.host.swap || is.memory_and_swap != Limit::Unknown {
        check("memory and swap", is.memory_and_swap, memory);
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0.01..4096, checked when parsed
    let millicpus = (asked.cpus * 1000.0).round() as u64;
    // The kernel counts in whole microseconds of a period.
    if !is_at_most(is.millicpus, millicpus + 1) {
        found.push(format!("the limit of CPUs in thousandths is {}, not {millicpus}", is.millicpus));
    }
}

fn is_at_most(limit: Limit, wanted: u64) -> bool {
    matches!(limit, Limit::At(limit) if limit <= wanted)
}

fn apparmor(wall: &Wall, expected: &Expected, found: &mut Vec<String>) {
    let Some(profile) = &expected.apparmor else { return };
    let is = wall.apparmor.as_deref().unwrap_or("absent");
    if !confines(is, profile) {
        found.push(format!("the AppArmor profile is {is}, not {profile} (enforce)"));
    }
}

/// Whether a label holds a process to the profile: alone, or together with others that take more away.
fn confines(label: &str, profile: &str) -> bool {
    let enforced = label.strip_suffix(" (enforce)").or_else(|| label.strip_suffix(" (kill)"));
    enforced.is_some_and(|names| names.split("//&").any(|name| name == profile))
}

#[cfg(test)]
mod tests;
