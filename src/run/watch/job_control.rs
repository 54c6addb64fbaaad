//! Continues agents that were stopped, by Ctrl-Z or by themselves: nobody can type `fg` to them.

use std::fs;

use crate::run::engine::process::Watched;
use crate::run::watch::wall;

/// A process, as /proc/PID/stat shows it to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    stopped: bool,
    parent: u32,
    group: u32,
    session: u32,
}

/// Wakes the entrypoint, the agent and their group where they were stopped. The jobs of a shell that the agent opened stay as
/// that shell has them.
///
/// `first` is the first process of the container `id`. A process that cannot be read is ending, and is left out.
pub fn resume(first: u32, id: &str) {
    let found: Vec<Process> = wall::pids(first).unwrap_or_default().into_iter().filter_map(read).collect();
    for process in stopped_for_good(first, &found) {
        if let Ok(Some(process)) = Watched::find(process.pid, id) {
            process.resume().ok();
        }
    }
}

fn stopped_for_good(first: u32, found: &[Process]) -> Vec<Process> {
    // tini's child leads a group in tini's own session; orphans of other sessions are tini's, too.
    let leads =
        |process: &&Process| process.parent == first && process.group == process.pid && process.session == first;
    let Some(entrypoint) = found.iter().find(leads) else { return Vec::new() };
    let is_agent = |process: &Process| process.pid == entrypoint.pid || process.parent == entrypoint.pid;
    if !found.iter().any(|process| process.stopped && is_agent(process)) {
        return Vec::new();
    }
    let of_group = |process: &&Process| process.stopped && (is_agent(process) || process.group == entrypoint.group);
    found.iter().filter(of_group).copied().collect()
}

fn read(pid: u32) -> Option<Process> {
    parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `PID (NAME) STATE PARENT GROUP SESSION …`, where the name may hold anything.
fn parse(pid: u32, stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let state = words.next()?;
    let mut number = || words.next()?.parse().ok();
    Some(Process { pid, stopped: state == "T", parent: number()?, group: number()?, session: number()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel() {
        let line = "12 (a) T) T 1 12 1 34816 12 4194560 250 0";
        assert_eq!(parse(12, line), Some(Process { pid: 12, stopped: true, parent: 1, group: 12, session: 1 }));
        assert_eq!(parse(12, "12 (a) S -1 x"), None);
    }

    #[test]
    fn what_a_shell_of_the_agents_has_stopped_stays_stopped() {
        let process = |pid, stopped, parent, group| Process { pid, stopped, parent, group, session: 1 };
        let tree = |agent| {
            [
                process(1, false, 0, 1),
                process(7, false, 1, 7),
                process(8, agent, 7, 7),
                process(9, true, 8, 9),
                process(10, true, 8, 7),
                Process { session: 11, ..process(11, true, 1, 11) },
            ]
        };
        assert_eq!(stopped_for_good(1, &tree(false)), []);
        let woken: Vec<u32> = stopped_for_good(1, &tree(true)).into_iter().map(|process| process.pid).collect();
        assert_eq!(woken, [8, 10]);
    }
}
