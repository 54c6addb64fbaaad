//! How much of the machine a container may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::env::Machine;
use crate::error::Usage;
use crate::quantity;

/// The smallest memory that the kernel and an agent can start in.
const LEAST_MEMORY: u64 = 16 << 20;
/// The smallest disk that a commit and a graph can be written to.
const LEAST_DISK: u64 = 16 << 20;
/// The fewest processes that the entrypoint, git and an agent can do with.
const LEAST_PIDS: u32 = 16;
/// As many as an agent may have where nobody says anything.
pub const PIDS: u32 = 4096;
/// The most that Linux counts.
const MOST_PIDS: u32 = 4 << 20;

/// Limits that are applied, all of them known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    pub cpus: f64,
    /// Bytes; swap is part of it.
    pub memory: u64,
    pub pids: u32,
    /// Open files per process.
    pub open_files: u64,
    /// Bytes that the run may add to the host's disks, and the largest file that it may write.
    #[serde(default)]
    pub disk: u64,
}

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    pub cpus: Option<f64>,
    pub memory: Option<u64>,
    pub pids: Option<u32>,
    pub disk: Option<u64>,
}

impl Limits {
    /// What the user asked for, and what the machine suggests for the rest: all CPUs, memory less a quarter for the
    /// host, half of the disk.
    pub fn new(wanted: Wanted, machine: Machine) -> Self {
        #[allow(clippy::cast_precision_loss)] // nobody has 2^52 CPUs
        let all = machine.cpus as f64;
        Self {
            cpus: wanted.cpus.unwrap_or(all),
            memory: wanted.memory.unwrap_or(machine.memory / 4 * 3),
            pids: wanted.pids.unwrap_or(PIDS),
            open_files: 65_536,
            disk: wanted.disk.unwrap_or(machine.disk / 2),
        }
    }
}

/// `--cpus`: a decimal number above 0.
pub fn parse_cpus(text: &str) -> Result<f64, Usage> {
    match text.parse::<f64>() {
        Ok(cpus) if cpus.is_finite() && (0.01..=4096.0).contains(&cpus) => Ok(cpus),
        _ => Err(Usage::new(format!("--cpus {text}: not a number of CPUs")).hint("such as --cpus 2 or --cpus 0.5")),
    }
}

/// `--pids-limit`: a whole number.
pub fn parse_pids(text: &str) -> Result<u32, Usage> {
    match text.parse::<u32>() {
        Ok(pids) if (LEAST_PIDS..=MOST_PIDS).contains(&pids) => Ok(pids),
        _ => Err(Usage::new(format!("--pids-limit {text}: not a number from {LEAST_PIDS} to {MOST_PIDS}"))
            .hint("such as --pids-limit 512")),
    }
}

/// `--memory`.
pub fn parse_memory(text: &str) -> Result<u64, Usage> {
    at_least("--memory", text, LEAST_MEMORY)
}

/// `--disk`.
pub fn parse_disk(text: &str) -> Result<u64, Usage> {
    at_least("--disk", text, LEAST_DISK)
}

/// `--timeout`.
pub fn parse_timeout(text: &str) -> Result<Duration, Usage> {
    match quantity::duration("--timeout", text)? {
        Duration::ZERO => {
            Err(Usage::new(format!("--timeout {text}: no time is left for the agent")).hint("such as --timeout 30m"))
        }
        timeout => Ok(timeout),
    }
}

fn at_least(flag: &str, text: &str, least: u64) -> Result<u64, Usage> {
    match quantity::size(flag, text)? {
        bytes if bytes < least => Err(Usage::new(format!("{flag} {text}: an agent needs at least {}m", least >> 20))
            .hint(format!("such as {flag} 8g"))),
        bytes => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_memory("8g").unwrap(), 8 << 30);
        assert_eq!(parse_memory("512M").unwrap(), 512 << 20);
        assert_eq!(parse_memory("33554432").unwrap(), 32 << 20);
        for bad in ["8x", "", "g", "-1g", "1.5g", "0", "4k", "99999999999999t", "8 g", "８g"] {
            assert!(parse_memory(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn timeouts() {
        assert_eq!(parse_timeout("90s").unwrap().as_secs(), 90);
        assert!(parse_timeout("0s").is_err());
    }

    #[test]
    fn numbers_of_cpus() {
        assert!((parse_cpus("1.5").unwrap() - 1.5).abs() < 1e-9);
        for bad in ["-1", "0", "x", "", "inf", "NaN", "1e9"] {
            assert!(parse_cpus(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_of_processes() {
        assert_eq!(parse_pids("512").unwrap(), 512);
        for bad in ["", "0", "-1", "15", "1e3", "4294967296", "many"] {
            assert!(parse_pids(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_not_asked_for_comes_from_the_machine() {
        let machine = Machine { cpus: 8, memory: 16 << 30, disk: 100 << 30 };
        let limits = Limits::new(Wanted { memory: Some(1 << 30), pids: Some(64), ..Wanted::default() }, machine);
        assert!((limits.cpus - 8.0).abs() < 1e-9);
        assert_eq!((limits.memory, limits.pids, limits.disk), (1 << 30, 64, 50 << 30));
        let limits = Limits::new(Wanted { disk: Some(1 << 30), ..Wanted::default() }, machine);
        assert_eq!((limits.memory, limits.pids, limits.disk), (12 << 30, 4096, 1 << 30));
    }
}
