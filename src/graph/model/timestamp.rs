//! A point in time, as the graph keeps it: microseconds since 1970, UTC; in JSON an RFC 3339 text.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub fn micros(self) -> i64 {
        self.0
    }

    /// The next moment that is not this one: what happens in one transaction keeps its order by it.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The moment that lies `span` before this one.
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long ago this was, short: `40s`, `12m`, `3h`, `5d`.
    pub fn age(self, now: Timestamp) -> String {
        let seconds = (now.0.saturating_sub(self.0) / 1_000_000).max(0);
        match seconds {
            0..60 => format!("{seconds}s"),
            60..3600 => format!("{}m", seconds / 60),
            3600..86_400 => format!("{}h", seconds / 3600),
            _ => format!("{}d", seconds / 86_400),
        }
    }

    /// To the second, for people.
    pub fn short(self) -> String {
        self.utc().format("%Y-%m-%d %H:%M:%SZ").to_string()
    }

    /// The day, for people.
    pub fn day(self) -> String {
        self.utc().format("%Y-%m-%d").to_string()
    }

    /// How far away this is: `in 3d`, `2h ago`.
    pub fn distance(self, now: Timestamp) -> String {
        if self > now { format!("in {}", now.age(self)) } else { format!("{} ago", self.age(now)) }
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text)
            .map_err(|_| D::Error::custom(format!("{text:?} is not a time such as 2026-11-22T02:00:59Z")))?;
        Ok(Self(time.timestamp_micros()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let now = Timestamp::from_micros(100 * 86_400_000_000);
        for (seconds, age) in [(0, "0s"), (59, "59s"), (60, "1m"), (7199, "1h"), (86_400, "1d"), (86_400 * 40, "40d")] {
            assert_eq!(now.before(Duration::from_secs(seconds)).age(now), age);
        }
        assert_eq!(now.next().age(now), "0s", "a clock that runs ahead is no reason for a negative age");
    }

    #[test]
    fn json_keeps_every_microsecond() {
        let moment = Timestamp::from_micros(1_795_312_859_000_001);
        let json = serde_json::to_string(&moment).unwrap();
        assert_eq!(json, "\"2026-11-22T02:00:59.000001Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), moment);
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }
}
