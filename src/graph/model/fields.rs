//! The optional fields of a task, as one list. A field that is added here, and as a column to the schema, can be given, stored, read,
//! changed, logged, exported, imported and shown.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::error::Usage;
use crate::graph::model::timestamp::Timestamp;
use crate::quantity;

/// One optional field.
#[derive(Debug)]
pub struct Field {
    /// Its column in the database and its key in JSON.
    pub name: &'static str,
    pub flag: &'static str,
    pub kind: Kind,
    /// What `--help` says of it.
    pub help: &'static str,
    /// Lists have it too, not only what shows one task.
    pub listed: bool,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Time,
    /// Seconds, in the database and in JSON.
    Duration,
    /// One line of text.
    Line,
    Text,
    /// A JSON object.
    Object,
}

impl Kind {
    /// The column holds numbers, not texts.
    pub fn is_number(self) -> bool {
        matches!(self, Kind::Time | Kind::Duration)
    }

    /// What stands for the value in `--help`, and what may be typed there.
    pub fn usage(self) -> (&'static str, &'static str) {
        match self {
            Kind::Time => ("TIME", ": a date, a time, or a length of time from now (3d)"),
            Kind::Duration => ("LENGTH", ", such as 30m, 2h or 1d"),
            Kind::Line | Kind::Text => ("TEXT", ""),
            Kind::Object => ("JSON", ""),
        }
    }
}

/// A value as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    Number(i64),
    Text(String),
}

/// Every optional field, in the order in which a task is shown.
pub const FIELDS: [Field; 6] = [
    Field { name: "due", flag: "--due", kind: Kind::Time, help: "When it has to be done", listed: true },
    Field {
        name: "defer_until",
        flag: "--defer-until",
        kind: Kind::Time,
        help: "Not ready before this time",
        listed: true,
    },
    Field {
        name: "estimate",
        flag: "--estimate",
        kind: Kind::Duration,
        help: "How long the work will take",
        listed: true,
    },
    Field {
        name: "external_ref",
        flag: "--external-ref",
        kind: Kind::Line,
        help: "Its address or number in another place",
        listed: false,
    },
    Field {
        name: "acceptance",
        flag: "--acceptance",
        kind: Kind::Text,
        help: "How to see that it is done",
        listed: false,
    },
    Field { name: "metadata", flag: "--metadata", kind: Kind::Object, help: "Data of your own", listed: false },
];

/// The longest line and the longest text of a field, in bytes.
const LINE_LENGTH: usize = 1_000;
const TEXT_LENGTH: usize = 64 << 10;
/// The longest object, as JSON.
const OBJECT_LENGTH: usize = 16 << 10;

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    Time(Timestamp),
    Seconds(u64),
    Text(String),
    Object(Map<String, Value>),
}

impl Eq for FieldValue {}

impl Field {
    pub fn of(name: &str) -> Option<&'static Field> {
        FIELDS.iter().find(|field| field.name == name)
    }

    /// The name as people read it.
    pub fn label(&self) -> String {
        self.name.replace('_', " ")
    }

    /// The value that was typed behind `flag`. Nothing takes the value away.
    pub fn parse(&self, flag: &str, typed: &str, now: DateTime<Utc>) -> Result<Option<FieldValue>, Usage> {
        if typed.trim().is_empty() {
            return Ok(None);
        }
        let value = match self.kind {
            Kind::Time => FieldValue::Time(quantity::time(flag, typed, now)?.into()),
            Kind::Duration => FieldValue::Seconds(quantity::duration(flag, typed)?.as_secs()),
            Kind::Line | Kind::Text => FieldValue::Text(typed.trim().to_owned()),
            Kind::Object => FieldValue::Object(serde_json::from_str(typed).map_err(|error| {
                Usage::new(format!("{flag}: not a JSON object: {error}"))
                    .hint(format!("such as {flag} '{{\"reviewer\": \"ann\"}}'"))
            })?),
        };
        self.check(value).map(Some).map_err(|problem| Usage::new(format!("{flag}: {problem}")))
    }

    /// The value that stands in JSON. Null and an empty text take the value away.
    pub fn read_json(&self, value: Value) -> Result<Option<FieldValue>, String> {
        let value = match (self.kind, value) {
            (_, Value::Null) => return Ok(None),
            (_, Value::String(text)) if text.trim().is_empty() => return Ok(None),
            (Kind::Time, Value::String(text)) => {
                let time = quantity::written_time(&text);
                let time = time.ok_or_else(|| format!("{text:?} is not a time such as 2026-11-22T02:00:59Z"))?;
                FieldValue::Time(time.into())
            }
            (Kind::Duration, Value::String(text)) => {
                let length = quantity::length(&text).ok_or_else(|| format!("{text:?} is not a length such as 2h"))?;
                FieldValue::Seconds(length.as_secs())
            }
            (Kind::Duration, Value::Number(number)) => {
                let seconds = number.as_u64().ok_or_else(|| format!("{number} is not a number of seconds"))?;
                FieldValue::Seconds(seconds)
            }
            (Kind::Line | Kind::Text, Value::String(text)) => FieldValue::Text(text.trim().to_owned()),
            (Kind::Object, Value::Object(object)) => FieldValue::Object(object),
            (_, other) => return Err(format!("{other} is not a value of {}", self.name)),
        };
        self.check(value).map(Some).map_err(|problem| format!("{}: {problem}", self.name))
    }

    /// The value that the database keeps as this one.
    pub fn read_stored(&self, stored: Stored) -> Result<FieldValue, String> {
        match (self.kind, stored) {
            (Kind::Time, Stored::Number(micros)) => Ok(FieldValue::Time(Timestamp::from_micros(micros))),
            (Kind::Duration, Stored::Number(seconds)) => {
                u64::try_from(seconds).map(FieldValue::Seconds).map_err(|_| format!("{seconds} is no length of time"))
            }
            (Kind::Line | Kind::Text, Stored::Text(text)) => Ok(FieldValue::Text(text)),
            (Kind::Object, Stored::Text(text)) => {
                serde_json::from_str(&text).map(FieldValue::Object).map_err(|error| error.to_string())
            }
            (_, stored) => Err(format!("{stored:?} is no value of {}", self.name)),
        }
    }

    /// The value, if it is one that the graph keeps.
    fn check(&self, value: FieldValue) -> Result<FieldValue, String> {
        match (self.kind, &value) {
            (Kind::Duration, FieldValue::Seconds(seconds)) if *seconds > LONGEST => {
                Err("the longest time is a hundred years".to_owned())
            }
            (Kind::Line, FieldValue::Text(text)) if text.contains(char::is_control) => {
                Err("one line of plain text is wanted".to_owned())
            }
            (Kind::Line, FieldValue::Text(text)) => bounded(text, LINE_LENGTH, value.clone()),
            (Kind::Text, FieldValue::Text(text)) => bounded(text, TEXT_LENGTH, value.clone()),
            (Kind::Object, FieldValue::Object(_)) => bounded(&value.to_string(), OBJECT_LENGTH, value.clone()),
            _ => Ok(value),
        }
    }
}

/// A century, in seconds.
const LONGEST: u64 = 100 * 365 * 86_400;

fn bounded(text: &str, most: usize, value: FieldValue) -> Result<FieldValue, String> {
    match text.len() {
        long if long > most => Err(format!("{long} bytes are too long (at most {most})")),
        _ => Ok(value),
    }
}

impl FieldValue {
    pub fn stored(&self) -> Stored {
        match self {
            FieldValue::Time(time) => Stored::Number(time.micros()),
            FieldValue::Seconds(seconds) => Stored::Number(i64::try_from(*seconds).unwrap_or(i64::MAX)),
            FieldValue::Text(text) => Stored::Text(text.clone()),
            FieldValue::Object(_) => Stored::Text(self.to_string()),
        }
    }
}

impl Serialize for FieldValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            FieldValue::Time(time) => time.serialize(serializer),
            FieldValue::Seconds(seconds) => serializer.serialize_u64(*seconds),
            FieldValue::Text(text) => serializer.serialize_str(text),
            FieldValue::Object(object) => object.serialize(serializer),
        }
    }
}

/// As people type it.
impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldValue::Time(time) => f.write_str(&time.short()),
            FieldValue::Seconds(seconds) => f.write_str(&quantity::spelled(Duration::from_secs(*seconds))),
            FieldValue::Text(text) => f.write_str(text),
            FieldValue::Object(object) => f.write_str(&serde_json::to_string(object).unwrap_or_default()),
        }
    }
}
