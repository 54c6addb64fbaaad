//! Amounts in the columns of a table.

use chrono::TimeDelta;

/// How old something is that begins later than now, because the clock was set back; in git's words.
const NOT_YET: &str = "in the future";

/// As `docker ps` says it: the largest unit alone.
pub fn age(elapsed: TimeDelta) -> String {
    let seconds = elapsed.num_seconds();
    match seconds {
        ..0 => NOT_YET.to_owned(),
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A length of time in a sentence: the largest unit alone, as a word.
pub fn age_in_words(elapsed: TimeDelta) -> String {
    let seconds = elapsed.num_seconds();
    let (count, unit) = match seconds {
        ..0 => return NOT_YET.to_owned(),
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Of one processor.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{share:.0}%"))
}

/// Bytes, in the largest unit that leaves a number before the point.
pub fn size(bytes: Option<u64>) -> String {
    match bytes {
        None => "-".to_owned(),
        #[allow(clippy::cast_precision_loss, reason = "a size for people")]
        Some(bytes) if bytes >= 1 << 30 => format!("{:.1}G", bytes as f64 / f64::from(1u32 << 30)),
        Some(bytes) => format!("{}M", bytes.div_ceil(1 << 20)),
    }
}

/// Bytes on a disk, for a sentence.
#[allow(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
pub fn room(bytes: u64) -> String {
    match bytes {
        ..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_room_for_few_letters() {
        assert_eq!([59, 60, 7199, 90_000].map(|seconds| age(TimeDelta::seconds(seconds))), ["59s", "1m", "1h", "1d"]);
        let words = [0, 1, 185, 7199, 90_000].map(|seconds| age_in_words(TimeDelta::seconds(seconds)));
        assert_eq!(words, ["0 seconds", "1 second", "3 minutes", "1 hour", "1 day"]);
        assert_eq!([age(TimeDelta::days(-2)), age_in_words(TimeDelta::days(-2))], ["in the future"; 2]);
        assert_eq!([None, Some(1), Some(300 << 20), Some(3 << 29)].map(size), ["-", "1M", "300M", "1.5G"]);
        assert_eq!([None, Some(0.4), Some(150.0)].map(percent), ["-", "0%", "150%"]);
    }
}
