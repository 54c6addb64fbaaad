//! What a container uses at a moment, by the files of its control groups. Both versions of cgroups.

use std::io;
use std::path::Path;

use crate::container::wall::cgroup::{Group, Groups};

/// What all processes of a container use together. What the kernel does not say is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// Time on processors since the start. Microseconds.
    pub cpu: Option<u64>,
    /// Without what is cached of files and can be given up at once. Bytes.
    pub memory: Option<u64>,
    pub processes: Option<u64>,
}

impl Groups {
    /// `read` gives a file's text, or `None` where there is no such file.
    pub fn usage(&self, read: impl Fn(&Path) -> io::Result<Option<String>>) -> io::Result<Used> {
        let number = |folder: &Path, file: &str| Ok::<_, io::Error>(parse(read(&folder.join(file))?.as_deref()));
        let line = |folder: &Path, file: &str, key: &str| {
            Ok::<_, io::Error>(read(&folder.join(file))?.and_then(|text| value(&text, key)))
        };
        let cpu = match &self.time {
            None => None,
            Some(Group::Version1(folder)) => number(folder, "cpuacct.usage")?.map(|nanoseconds| nanoseconds / 1000),
            Some(Group::Version2(folder)) => line(folder, "cpu.stat", "usage_usec")?,
        };
        let (memory, cached) = match &self.memory {
            Group::Version1(folder) => {
                (number(folder, "memory.usage_in_bytes")?, line(folder, "memory.stat", "total_inactive_file")?)
            }
            Group::Version2(folder) => {
                (number(folder, "memory.current")?, line(folder, "memory.stat", "inactive_file")?)
            }
        };
        let (Group::Version1(pids) | Group::Version2(pids)) = &self.pids;
        Ok(Used {
            cpu,
            memory: memory.map(|memory| memory.saturating_sub(cached.unwrap_or(0))),
            processes: number(pids, "pids.current")?,
        })
    }

    /// How often the kernel killed one of its processes for want of memory. `read` as for `usage`.
    pub fn memory_kills(&self, read: impl Fn(&Path) -> io::Result<Option<String>>) -> io::Result<Option<u64>> {
        let file = match &self.memory {
            Group::Version1(folder) => folder.join("memory.oom_control"),
            Group::Version2(folder) => folder.join("memory.events"),
        };
        Ok(read(&file)?.and_then(|text| value(&text, "oom_kill")))
    }
}

fn parse(text: Option<&str>) -> Option<u64> {
    text?.trim().parse().ok()
}

/// `KEY VALUE`, a line each.
fn value(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn used(groups: &Groups, files: &[(&str, &str)]) -> Used {
        let find = |path: &Path| files.iter().find(|(name, _)| Path::new(name) == path);
        groups.usage(|path| Ok(find(path).map(|(_, text)| (*text).to_owned()))).unwrap()
    }

    fn groups(kind: fn(PathBuf) -> Group) -> Groups {
        let group = |name| kind(PathBuf::from("/g").join(name));
        Groups {
            pids: group("pids"),
            memory: group("memory"),
            cpu: group("cpu"),
            time: Some(group("cpuacct")),
            freezer: None,
        }
    }

    #[test]
    fn kills_for_want_of_memory_are_counted_by_both_versions() {
        let kills = |kind, name: &str, text: &str| {
            let read = |path: &Path| Ok(path.ends_with(name).then(|| text.to_owned()));
            groups(kind).memory_kills(read).unwrap()
        };
        let version_1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n";
        assert_eq!(kills(Group::Version1, "memory/memory.oom_control", version_1), Some(2));
        let version_2 = "low 0\nhigh 0\nmax 9\noom 1\noom_kill 3\noom_group_kill 1\n";
        assert_eq!(kills(Group::Version2, "memory/memory.events", version_2), Some(3));
        assert_eq!(kills(Group::Version2, "memory/other", version_2), None);
    }

    #[test]
    fn both_versions() {
        let expected = Used { cpu: Some(1500), memory: Some(900), processes: Some(3) };
        let version_1 = [
            ("/g/cpuacct/cpuacct.usage", "1500000\n"),
            ("/g/memory/memory.usage_in_bytes", "1000\n"),
            ("/g/memory/memory.stat", "inactive_file 7\ntotal_inactive_file 100\n"),
            ("/g/pids/pids.current", "3\n"),
        ];
        assert_eq!(used(&groups(Group::Version1), &version_1), expected);
        let version_2 = [
            ("/g/cpuacct/cpu.stat", "usage_usec 1500\nuser_usec 1\n"),
            ("/g/memory/memory.current", "1000\n"),
            ("/g/memory/memory.stat", "file 1\ninactive_file 100\n"),
            ("/g/pids/pids.current", "3\n"),
        ];
        assert_eq!(used(&groups(Group::Version2), &version_2), expected);
        assert_eq!(used(&groups(Group::Version2), &[]), Used { cpu: None, memory: None, processes: None });
    }
}
