//! Amounts as people type them: one spelling and one error for each kind, whatever the flag.

use std::time::Duration;

use crate::error::Usage;

/// The longest time. A century is enough, and keeps clock arithmetic from overflowing. Seconds.
const LONGEST: u64 = 100 * 365 * 86_400;

/// Bytes: a number and one of b, k, m, g, t (powers of 1024), as docker takes it.
pub fn size(flag: &str, text: &str) -> Result<u64, Usage> {
    let error = || Usage::new(format!("{flag} {text}: not a size")).hint(format!("such as {flag} 8g or {flag} 512m"));
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
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.filter(|bytes| i64::try_from(*bytes).is_ok()).ok_or_else(error)
}

/// A length of time: numbers with s, m, h or d, such as 90s, 2h or 1h30m.
pub fn duration(flag: &str, text: &str) -> Result<Duration, Usage> {
    let error =
        || Usage::new(format!("{flag} {text}: not a length of time")).hint(format!("such as {flag} 90s, 30m or 2h"));
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
    if text.trim().is_empty() || seconds > LONGEST { Err(error()) } else { Ok(Duration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("--x", "8g").unwrap(), 8 << 30);
        assert_eq!(size("--x", "512MiB").unwrap(), 512 << 20);
        for bad in ["8x", "", "g", "-1g", "1.5g", "99999999999999t", "8 g", "８g"] {
            assert!(size("--x", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lengths_of_time() {
        assert_eq!(duration("--x", "90s").unwrap().as_secs(), 90);
        assert_eq!(duration("--x", "1h30m").unwrap().as_secs(), 5400);
        assert!(duration("--x", "0s").unwrap().is_zero());
        for bad in ["", "2", "h", "-1s", "2 h", "99999999999999999999s", "9é"] {
            assert!(duration("--x", bad).is_err(), "{bad:?}");
        }
    }
}
