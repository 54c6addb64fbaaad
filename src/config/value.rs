//! What a key is set to.

use std::fmt;

use serde::Serialize;

/// What a key is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    Text(String),
    /// As it is written: nothing is rounded.
    Number(String),
    Flag(bool),
    List(Vec<String>),
}

/// As it would stand in a file.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "{}", quoted(text)),
            Value::Number(digits) => f.write_str(digits),
            Value::Flag(flag) => write!(f, "{flag}"),
            Value::List(items) => {
                write!(f, "[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
