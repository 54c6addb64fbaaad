//! Amounts as people type them: one spelling and one error for each kind, whatever the flag.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};

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
    length(text).ok_or_else(|| {
        Usage::new(format!("{flag} {text}: not a length of time")).hint(format!("such as {flag} 90s, 30m or 2h"))
    })
}

/// The same, where the caller has its own words for what is none.
pub fn length(text: &str) -> Option<Duration> {
    let mut seconds = 0u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = rest[..digits].parse::<u64>().ok()?;
        let unit = match rest[digits..].chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        seconds = number.checked_mul(unit).and_then(|more| seconds.checked_add(more))?;
        rest = &rest[digits + 1..];
    }
    (seconds <= LONGEST).then(|| Duration::from_secs(seconds))
}

/// A length of time as `duration` reads it: `1h30m`.
pub fn spelled(length: Duration) -> String {
    let mut seconds = length.as_secs();
    let mut text = String::new();
    for (unit, size) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        if seconds >= size {
            text.push_str(&format!("{}{unit}", seconds / size));
            seconds %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// A point in time: a date, a date with a time of day, RFC 3339, a day's name, or a length of time from `now` (`3d`, `3d ago`).
/// What names no time zone is in UTC.
pub fn time(flag: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Usage> {
    named_time(text, now).or_else(|| written_time(text)).ok_or_else(|| {
        Usage::new(format!("{flag} {text}: not a time"))
            .hint(format!("such as {flag} 2026-12-24, 2026-12-24T18:00, tomorrow, 3d or \"3d ago\" (UTC)"))
    })
}

/// A time that is counted from `now`.
fn named_time(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let day = |days: u64| now.date_naive().checked_add_days(Days::new(days)).map(midnight);
    match text {
        "now" => Some(now),
        "today" => day(0),
        "tomorrow" => day(1),
        "yesterday" => now.date_naive().pred_opt().map(midnight),
        _ => match text.strip_suffix("ago") {
            Some(before) => now.checked_sub_signed(chrono::TimeDelta::from_std(length(before)?).ok()?),
            None => now.checked_add_signed(chrono::TimeDelta::from_std(length(text)?).ok()?),
        },
    }
}

/// A time that is written out.
pub fn written_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let zoned = DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc));
    let local = || {
        let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"];
        formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()).map(|time| time.and_utc())
    };
    let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(midnight);
    zoned.or_else(local).or_else(date)
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
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

    #[test]
    fn times() {
        let now = written_time("2026-11-22T14:30:00Z").unwrap();
        for (typed, meant) in [
            ("2026-12-24", "2026-12-24T00:00:00Z"),
            ("2026-12-24T18:00", "2026-12-24T18:00:00Z"),
            ("2026-12-24 18:00:05", "2026-12-24T18:00:05Z"),
            ("2026-12-24T18:00:00+02:00", "2026-12-24T16:00:00Z"),
            ("now", "2026-11-22T14:30:00Z"),
            ("today", "2026-11-22T00:00:00Z"),
            ("tomorrow", "2026-11-23T00:00:00Z"),
            ("yesterday", "2026-11-21T00:00:00Z"),
            ("3d", "2026-11-25T14:30:00Z"),
            ("1h30m ago", "2026-11-22T13:00:00Z"),
        ] {
            assert_eq!(time("--x", typed, now).unwrap(), written_time(meant).unwrap(), "{typed}");
        }
        for bad in ["", "ago", "soon", "2026-13-01", "24.12.2026", "3", "-3d", "2026-12-24T25:00"] {
            assert!(time("--x", bad, now).is_err(), "{bad:?}");
        }
    }
}
