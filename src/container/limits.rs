//! How much of the machine a container may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Usage;

/// The smallest memory that the kernel and an agent can start in.
const LEAST_MEMORY: u64 = 16 << 20;

/// Limits that are applied, all of them known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    pub cpus: f64,
    /// Bytes; swap is part of it.
    pub memory: u64,
    pub pids: u32,
    /// Open files per process.
    pub open_files: u64,
}

/// What there is to share out.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    pub cpus: usize,
    /// Bytes.
    pub memory: u64,
}

impl Limits {
    /// What the user asked for, and what the machine suggests for the rest: all CPUs, and memory less a quarter for the host.
    pub fn new(cpus: Option<f64>, memory: Option<u64>, machine: Machine) -> Self {
        #[allow(clippy::cast_precision_loss)] // nobody has 2^52 CPUs
        let all = machine.cpus as f64;
        Self {
            cpus: cpus.unwrap_or(all),
            memory: memory.unwrap_or(machine.memory / 4 * 3),
            pids: 4096,
            open_files: 65_536,
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

/// `--memory`: a number and one of b, k, m, g, t (powers of 1024), as docker takes it.
pub fn parse_memory(text: &str) -> Result<u64, Usage> {
    let error = || Usage::new(format!("--memory {text}: not a size")).hint("such as --memory 8g or --memory 512m");
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &lower[digits.len()..] {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(error()),
    };
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift)).ok_or_else(error)?;
    if bytes < LEAST_MEMORY || bytes > i64::MAX as u64 {
        return Err(Usage::new(format!("--memory {text}: an agent needs at least {}m", LEAST_MEMORY >> 20))
            .hint("such as --memory 8g"));
    }
    Ok(bytes)
}

/// `--timeout`: numbers with s, m, h or d, such as 90s, 2h or 1h30m.
pub fn parse_duration(text: &str) -> Result<Duration, Usage> {
    let error =
        || Usage::new(format!("--timeout {text}: not a length of time")).hint("such as --timeout 90s, 30m or 2h");
    let mut seconds = 0u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = rest[..digits].parse::<u64>().map_err(|_| error())?;
        let unit = match rest[digits..].chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            _ => return Err(error()),
        };
        seconds = number.checked_mul(unit).and_then(|more| seconds.checked_add(more)).ok_or_else(error)?;
        rest = &rest[digits + 1..];
    }
    // A century is enough, and keeps clock arithmetic from overflowing.
    if seconds == 0 || seconds > 100 * 365 * 86_400 { Err(error()) } else { Ok(Duration::from_secs(seconds)) }
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
    fn numbers_of_cpus() {
        assert!((parse_cpus("1.5").unwrap() - 1.5).abs() < 1e-9);
        for bad in ["-1", "0", "x", "", "inf", "NaN", "1e9"] {
            assert!(parse_cpus(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lengths_of_time() {
        assert_eq!(parse_duration("90s").unwrap().as_secs(), 90);
        assert_eq!(parse_duration("1h30m").unwrap().as_secs(), 5400);
        for bad in ["", "2", "h", "-1s", "0s", "2 h", "99999999999999999999s", "9é"] {
            assert!(parse_duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_not_asked_for_comes_from_the_machine() {
        let machine = Machine { cpus: 8, memory: 16 << 30 };
        let limits = Limits::new(None, Some(1 << 30), machine);
        assert!((limits.cpus - 8.0).abs() < 1e-9);
        assert_eq!((limits.memory, limits.pids), (1 << 30, 4096));
        assert_eq!(Limits::new(None, None, machine).memory, 12 << 30);
    }
}
