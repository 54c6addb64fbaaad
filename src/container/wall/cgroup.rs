//! The control group of a container: where its files are, and which limits stand in them. Both versions of cgroups.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::container::wall::mountinfo::MountPoint;

/// v1 writes "no limit" as a number near 2^63.
const ENDLESS: u64 = 1 << 62;

/// A limit as the kernel writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    Unlimited,
    /// The kernel has no file for it.
    Unknown,
    #[serde(untagged)]
    At(u64),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Unlimited => f.write_str("off"),
            Limit::Unknown => f.write_str("unknown to this kernel"),
            Limit::At(number) => number.fmt(f),
        }
    }
}

/// What the kernel enforces for all processes of a container together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupLimits {
    pub pids: Limit,
    /// Bytes.
    pub memory: Limit,
    /// Bytes of memory and swap together.
    pub memory_and_swap: Limit,
    /// Thousandths of a CPU.
    pub millicpus: Limit,
}

/// The folder of a group in the hierarchy that has the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    Version1(PathBuf),
    Version2(PathBuf),
}

/// Where a container's groups are, by what they control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    pub pids: Group,
    pub memory: Group,
    pub cpu: Group,
    /// Counts the time on processors: not always in one hierarchy with what limits it.
    pub time: Option<Group>,
    /// Stops all processes at once.
    pub freezer: Option<Group>,
}

impl Groups {
    /// `membership` is /proc/PID/cgroup, `mounts` are the host's own. `None` where a group cannot be found.
    pub fn find(membership: &str, mounts: &[MountPoint]) -> Option<Self> {
        let group = |controller| find_group(controller, membership, mounts);
        let (time, freezer) = (group("cpuacct"), group("freezer"));
        Some(Self { pids: group("pids")?, memory: group("memory")?, cpu: group("cpu")?, time, freezer })
    }

    /// Whether its processes are held still. `read` as for `limits`.
    pub fn is_paused(&self, read: impl Fn(&Path) -> io::Result<Option<String>>) -> io::Result<bool> {
        let is_one_of = |folder: &Path, file: &str, words: &[&str]| {
            Ok(read(&folder.join(file))?.is_some_and(|text| words.contains(&text.trim())))
        };
        match &self.freezer {
            None => Ok(false),
            Some(Group::Version1(folder)) => is_one_of(folder, "freezer.state", &["FROZEN", "FREEZING"]),
            Some(Group::Version2(folder)) => is_one_of(folder, "cgroup.freeze", &["1"]),
        }
    }

    /// The file that lists the processes.
    pub fn processes(&self) -> PathBuf {
        let (Group::Version1(folder) | Group::Version2(folder)) = &self.pids;
        folder.join("cgroup.procs")
    }

    /// The limits; `read` gives a file's text, or `None` where there is no such file.
    pub fn limits(&self, read: impl Fn(&Path) -> io::Result<Option<String>>) -> io::Result<GroupLimits> {
        let value = |folder: &Path, file: &str| Ok::<_, io::Error>(parse_limit(read(&folder.join(file))?.as_deref()));
        let pids = match &self.pids {
            Group::Version1(folder) | Group::Version2(folder) => value(folder, "pids.max")?,
        };
        let (memory, memory_and_swap) = match &self.memory {
            Group::Version1(folder) => {
                (value(folder, "memory.limit_in_bytes")?, value(folder, "memory.memsw.limit_in_bytes")?)
            }
            Group::Version2(folder) => {
                let memory = value(folder, "memory.max")?;
                (memory, sum(memory, value(folder, "memory.swap.max")?))
            }
        };
        let millicpus = match &self.cpu {
            Group::Version1(folder) => share(value(folder, "cpu.cfs_quota_us")?, value(folder, "cpu.cfs_period_us")?),
            Group::Version2(folder) => parse_cpu_max(read(&folder.join("cpu.max"))?.as_deref()),
        };
        Ok(GroupLimits { pids, memory, memory_and_swap, millicpus })
    }
}

/// The v1 hierarchy that has the controller, or else the unified one.
fn find_group(controller: &str, membership: &str, mounts: &[MountPoint]) -> Option<Group> {
    let lines = || membership.lines().filter_map(parse_membership);
    let v1 =
        lines().find(|(controllers, _)| controllers.split(',').any(|name| name == controller)).and_then(|(_, path)| {
            let has = |mount: &&MountPoint| mount.super_options.iter().any(|option| option == controller);
            folder(path, mounts.iter().filter(|mount| mount.filesystem == "cgroup").find(has)?)
        });
    let v2 = || {
        let (_, path) = lines().find(|(controllers, _)| controllers.is_empty())?;
        folder(path, mounts.iter().find(|mount| mount.filesystem == "cgroup2")?)
    };
    v1.map(Group::Version1).or_else(|| v2().map(Group::Version2))
}

/// `ID:CONTROLLERS:PATH`
fn parse_membership(line: &str) -> Option<(&str, &str)> {
    line.split_once(':')?.1.split_once(':')
}

fn folder(path: &str, mount: &MountPoint) -> Option<PathBuf> {
    Some(mount.destination.join(Path::new(path).strip_prefix(&mount.root).ok()?))
}

fn parse_limit(text: Option<&str>) -> Limit {
    match text.map(str::trim) {
        Some("max" | "-1") => Limit::Unlimited,
        Some(number) => match number.parse() {
            Ok(bytes) if bytes < ENDLESS => Limit::At(bytes),
            Ok(_) => Limit::Unlimited,
            Err(_) => Limit::Unknown,
        },
        None => Limit::Unknown,
    }
}

/// `QUOTA PERIOD` in microseconds, or `max PERIOD`.
fn parse_cpu_max(text: Option<&str>) -> Limit {
    match text.and_then(|text| text.trim().split_once(' ')) {
        Some((quota, period)) => share(parse_limit(Some(quota)), parse_limit(Some(period))),
        None => Limit::Unknown,
    }
}

fn share(quota: Limit, period: Limit) -> Limit {
    match (quota, period) {
        (Limit::At(quota), Limit::At(period)) if period > 0 => Limit::At(quota.saturating_mul(1000) / period),
        (Limit::Unlimited, _) => Limit::Unlimited,
        _ => Limit::Unknown,
    }
}

fn sum(memory: Limit, swap: Limit) -> Limit {
    match (memory, swap) {
        (Limit::At(memory), Limit::At(swap)) => Limit::At(memory.saturating_add(swap)),
        (Limit::Unlimited, _) | (_, Limit::Unlimited) => Limit::Unlimited,
        _ => Limit::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::wall::mountinfo;
    use std::collections::HashMap;

    const V1_MOUNTS: &str = "30 1 0:20 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
        31 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
        32 30 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
        33 30 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n\
        34 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
    const V1_MEMBERSHIP: &str = "9:name=systemd:/binnacle/a\n8:pids:/binnacle/a\n4:memory:/binnacle/a\n\
        1:cpu,cpuacct:/binnacle/a\n0::/binnacle/a\n";
    const V2_MOUNTS: &str = "31 1 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

    fn groups(membership: &str, mounts: &str) -> Option<Groups> {
        Groups::find(membership, &mountinfo::parse(mounts.as_bytes()).unwrap())
    }

    fn limits(groups: &Groups, files: &[(&str, &str)]) -> GroupLimits {
        let files: HashMap<PathBuf, &str> = files.iter().map(|(path, text)| (PathBuf::from(path), *text)).collect();
        groups.limits(|path| Ok(files.get(path).map(|text| (*text).to_owned()))).unwrap()
    }

    #[test]
    fn version_1() {
        let groups = groups(V1_MEMBERSHIP, V1_MOUNTS).unwrap();
        assert_eq!(groups.processes(), Path::new("/sys/fs/cgroup/pids/binnacle/a/cgroup.procs"));
        let files = [
            ("/sys/fs/cgroup/pids/binnacle/a/pids.max", "4096\n"),
            ("/sys/fs/cgroup/memory/binnacle/a/memory.limit_in_bytes", "268435456\n"),
            ("/sys/fs/cgroup/memory/binnacle/a/memory.memsw.limit_in_bytes", "9223372036854771712\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/binnacle/a/cpu.cfs_quota_us", "150000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/binnacle/a/cpu.cfs_period_us", "100000\n"),
        ];
        let found = limits(&groups, &files);
        assert_eq!((found.pids, found.memory), (Limit::At(4096), Limit::At(268_435_456)));
        assert_eq!((found.memory_and_swap, found.millicpus), (Limit::Unlimited, Limit::At(1500)));
        assert_eq!(limits(&groups, &files[..2]).memory_and_swap, Limit::Unknown, "no swap accounting");
    }

    #[test]
    fn version_2() {
        let groups = groups("0::/binnacle/a\n", V2_MOUNTS).unwrap();
        let files = [
            ("/sys/fs/cgroup/binnacle/a/pids.max", "max\n"),
            ("/sys/fs/cgroup/binnacle/a/memory.max", "268435456\n"),
            ("/sys/fs/cgroup/binnacle/a/memory.swap.max", "0\n"),
            ("/sys/fs/cgroup/binnacle/a/cpu.max", "max 100000\n"),
        ];
        let found = limits(&groups, &files);
        assert_eq!((found.pids, found.memory), (Limit::Unlimited, Limit::At(268_435_456)));
        assert_eq!((found.memory_and_swap, found.millicpus), (Limit::At(268_435_456), Limit::Unlimited));
    }

    #[test]
    fn what_is_held_still_is_told_by_both_versions() {
        let is_paused = |membership: &str, mounts: &str, text: &str| {
            let groups = groups(membership, mounts).unwrap();
            groups.is_paused(|path| {
                let known = path.ends_with("freezer.state") || path.ends_with("cgroup.freeze");
                Ok(known.then(|| text.to_owned()))
            })
        };
        let membership = format!("7:freezer:/binnacle/a\n{V1_MEMBERSHIP}");
        let mounts = format!("{V1_MOUNTS}35 30 0:38 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n");
        let version_1 = |text| is_paused(&membership, &mounts, text).unwrap();
        assert!(version_1("FROZEN\n") && version_1("FREEZING\n") && !version_1("THAWED\n"));
        let version_2 = |text| is_paused("0::/binnacle/a\n", V2_MOUNTS, text).unwrap();
        assert!(version_2("1\n") && !version_2("0\n"));
    }

    #[test]
    fn a_host_that_shows_part_of_the_hierarchy_only() {
        let mounts = V2_MOUNTS.replace("0:27 / ", "0:27 /outer ");
        let groups = groups("0::/outer/binnacle/a\n", &mounts).unwrap();
        assert_eq!(groups.processes(), Path::new("/sys/fs/cgroup/binnacle/a/cgroup.procs"));
        assert_eq!(super::Groups::find("0::/binnacle/a\n", &mountinfo::parse(mounts.as_bytes()).unwrap()), None);
        assert_eq!(super::Groups::find("", &[]), None);
    }
}
