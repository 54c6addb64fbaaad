//! Command lines that set from the host what `ctr` has no flag for, on a container that waits at the gate.

use crate::container::limits::Limits;
use crate::process::Cmd;

/// Gives a container's host name; before 1.7 `ctr` could not. `pid` is its first process.
///
/// Its UTS namespace is entered, and nothing else of it: no program of the container is run.
pub fn set_hostname(pid: u32, name: &str) -> Cmd {
    Cmd::new("nsenter").args([&format!("--uts=/proc/{pid}/ns/uts"), "hostname", &host_name(name)]).as_root()
}

/// The longest host name that the kernel takes.
const LONGEST: usize = 63;

/// A run's name as a host name: no `_`, and not too long.
pub fn host_name(name: &str) -> String {
    let short: String = name.chars().take(LONGEST).map(|c| if c == '_' { '-' } else { c }).collect();
    short.trim_end_matches(['-', '.']).to_owned()
}

/// Raises the number of files that processes may have open; before 2.3 `ctr` gave them 1024 for good.
///
/// What a process may is what its children will: all that wait at the gate have to be named. A kernel may refuse it
/// even to root, who then lacks CAP_SYS_RESOURCE.
pub fn raise_open_files(pids: &[u32], limits: &Limits) -> Vec<Cmd> {
    let limit = limits.open_files;
    let raise = |pid: &u32| {
        Cmd::new("prlimit").args(["--pid", &pid.to_string(), &format!("--nofile={limit}:{limit}")]).as_root()
    };
    pids.iter().map(raise).collect()
}

/// Does to itself what `raise_open_files` does to a container: fails where root may not raise what was once lowered.
pub fn try_to_raise_open_files() -> Cmd {
    Cmd::new("prlimit").args(["--nofile=1024:1024", "prlimit", "--nofile=65536:65536", "true"]).as_root()
}

/// Sets the core limit at which no kernel makes a dump, where it was lower, at 0: a program that takes dumps gets one then.
pub fn refuse_dumps(pids: &[u32]) -> Vec<Cmd> {
    let refuse = |pid: &u32| Cmd::new("prlimit").args(["--pid", &pid.to_string(), "--core=1:1"]).as_root();
    pids.iter().map(refuse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_run_makes_a_host_name() {
        assert_eq!(host_name("agent_1.x"), "agent-1.x");
        assert_eq!(host_name(&format!("{}_b", "a".repeat(62))), "a".repeat(62));
    }

    #[test]
    fn lines() {
        let limits = Limits { cpus: 1.0, memory: 1 << 30, pids: 4096, open_files: 65536, disk: 1 << 30 };
        let lines = [set_hostname(7, "agent-1")]
            .into_iter()
            .chain(raise_open_files(&[7, 8], &limits))
            .chain(refuse_dumps(&[7]));
        let lines: Vec<_> = lines.map(|cmd| cmd.to_string()).collect();
        assert_eq!(
            lines,
            [
                "nsenter '--uts=/proc/7/ns/uts' hostname agent-1",
                "prlimit --pid 7 '--nofile=65536:65536'",
                "prlimit --pid 8 '--nofile=65536:65536'",
                "prlimit --pid 7 '--core=1:1'",
            ]
        );
    }
}
