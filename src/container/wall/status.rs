//! `/proc/PID/status` and `/proc/PID/limits`: who a process is, and what it may still become.

use serde::{Deserialize, Serialize};

/// One process of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number on the host.
    pub pid: u32,
    pub name: String,
    /// Real, effective, saved, file system.
    pub uids: Vec<u32>,
    pub gids: Vec<u32>,
    pub groups: Vec<u32>,
    pub capabilities: Capabilities,
    pub no_new_privs: bool,
    /// 0: every system call may be made; 2: a filter decides.
    pub seccomp: u8,
    /// How many files it may have open at most. `None`: as many as it likes.
    pub open_files: Option<u64>,
    /// How large a core dump of it may be, in bytes. 1: there is none, not even for a program of the host that takes them.
    pub core_dump: Option<u64>,
    /// How large a file it may write, in bytes. `None`: as large as it likes.
    pub file_size: Option<u64>,
}

/// The five sets, as bit masks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    pub inheritable: u64,
    pub permitted: u64,
    pub effective: u64,
    pub bounding: u64,
    pub ambient: u64,
}

impl Capabilities {
    /// The sets by name.
    pub fn sets(&self) -> [(&'static str, u64); 5] {
        [
            ("inheritable", self.inheritable),
            ("permitted", self.permitted),
            ("effective", self.effective),
            ("bounding", self.bounding),
            ("ambient", self.ambient),
        ]
    }
}

/// Reads both files of one process. `None` where a line is missing that has to be there.
pub fn parse(status: &str, limits: &str) -> Option<Process> {
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let numbers = |name| field(name)?.split_whitespace().map(|word| word.parse().ok()).collect::<Option<Vec<u32>>>();
    let mask = |name| u64::from_str_radix(field(name)?, 16).ok();
    Some(Process {
        pid: field("Pid")?.parse().ok()?,
        name: field("Name")?.to_owned(),
        uids: numbers("Uid")?,
        gids: numbers("Gid")?,
        groups: numbers("Groups")?,
        capabilities: Capabilities {
            inheritable: mask("CapInh")?,
            permitted: mask("CapPrm")?,
            effective: mask("CapEff")?,
            bounding: mask("CapBnd")?,
            ambient: mask("CapAmb")?,
        },
        no_new_privs: field("NoNewPrivs")? == "1",
        seccomp: field("Seccomp")?.parse().ok()?,
        open_files: hard_limit(limits, "Max open files")?,
        core_dump: hard_limit(limits, "Max core file size")?,
        file_size: hard_limit(limits, "Max file size")?,
    })
}

/// The soft limit is the process's own to raise.
fn hard_limit(limits: &str, name: &str) -> Option<Option<u64>> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    match line.split_whitespace().nth(1)? {
        "unlimited" => Some(None),
        number => number.parse().ok().map(Some),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// As recorded of an agent's first process.
    pub const STATUS: &str = "Name:\ttini\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t7971\nNgid:\t0\nPid:\t7971\n\
        PPid:\t7939\nTracerPid:\t0\nUid:\t1001\t1001\t1001\t1001\nGid:\t1001\t1001\t1001\t1001\nFDSize:\t256\n\
        Groups:\t \nNStgid:\t7971\t1\nNSpid:\t7971\t1\nVmRSS:\t    1376 kB\nSigIgn:\t0000000000300000\n\
        CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n\
        CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";

    pub const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units     \n\
        Max cpu time              unlimited            unlimited            seconds   \n\
        Max file size             1073741824           1073741824           bytes     \n\
        Max core file size        1                    1                    bytes     \n\
        Max open files            1024                 65536                files     \n";

    #[test]
    fn a_recorded_process() {
        let process = parse(STATUS, LIMITS).unwrap();
        assert_eq!((process.pid, process.name.as_str()), (7971, "tini"));
        assert_eq!((process.uids, process.gids, process.groups), (vec![1001; 4], vec![1001; 4], vec![]));
        assert_eq!(process.capabilities, Capabilities::default());
        assert!(process.no_new_privs);
        assert_eq!((process.seccomp, process.open_files, process.core_dump), (2, Some(65536), Some(1)));
        assert_eq!(process.file_size, Some(1 << 30));
    }

    #[test]
    fn what_is_left_is_seen() {
        let status = STATUS.replace("CapBnd:\t0000000000000000", "CapBnd:\t00000000000000c1");
        let process = parse(&status.replace("Groups:\t ", "Groups:\t27 999 "), LIMITS).unwrap();
        assert_eq!(process.capabilities.bounding, 0xc1);
        assert_eq!(process.groups, [27, 999]);
    }

    #[test]
    fn a_missing_line_is_no_good_news() {
        for line in ["CapBnd", "NoNewPrivs", "Seccomp", "Uid", "Groups"] {
            assert_eq!(parse(&STATUS.replace(line, "Other"), LIMITS), None, "{line}");
        }
        assert_eq!(parse(STATUS, ""), None);
    }
}
