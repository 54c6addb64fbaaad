//! The lines that pass through the door.
//!
//! `{"v":1,"bn":"0.1.0","do":"ready","with":{"limit":10}}` is answered by `{"v":1,"bn":"0.1.0","ok":{…}}` or `{…,"error":{…}}`.
//! A side that does not know a word of a line answers with both versions, and guesses nothing.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::graph::model::fields::Field;
use crate::graph::remote_error::RemoteError;
use crate::graph::store::Unread;

pub const VERSION: u32 = 1;
/// The version of this program.
pub const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// The longest request, in bytes.
pub const REQUEST_MAX: usize = 1 << 20;
/// The request that is answered by text after its line.
pub const EXPORT: &str = "export";

/// What every line of every version has.
#[derive(Deserialize)]
pub struct Head<'a> {
    pub v: u32,
    #[serde(borrow)]
    pub bn: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question<'a> {
    pub v: u32,
    #[serde(borrow)]
    pub bn: Cow<'a, str>,
    #[serde(borrow, rename = "do")]
    pub name: Cow<'a, str>,
    #[serde(borrow)]
    pub with: &'a RawValue,
    /// What the client calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it is there for.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub agent_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer<'a> {
    #[serde(rename = "v")]
    pub _v: u32,
    #[serde(rename = "bn")]
    pub _bn: Cow<'a, str>,
    #[serde(default, borrow)]
    pub ok: Option<&'a RawValue>,
    #[serde(default)]
    pub error: Option<RemoteError>,
    /// Rows that were left out.
    #[serde(default)]
    pub unread: Unread,
    /// How many bytes of text follow the line.
    #[serde(default)]
    pub follows: u64,
}

/// A request as it is sent: without the fields that ask for nothing (null, false, an empty list or object), so that whoever does not
/// know them yet understands the rest. It is sent whole where it would ask for something else without them.
pub fn sent<R: Serialize + DeserializeOwned>(request: &R) -> Result<Value, serde_json::Error> {
    let whole = serde_json::to_value(request)?;
    let short = without_defaults(whole.clone());
    let understood = R::deserialize(&short).and_then(serde_json::to_value);
    Ok(if understood.is_ok_and(|understood| understood == whole) { short } else { whole })
}

fn without_defaults(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter_map(|(name, value)| {
                // A null takes the field of a task away, and metadata is the user's own.
                if Field::of(&name).is_some() {
                    return Some((name, value));
                }
                let value = without_defaults(value);
                (!is_nothing(&value)).then_some((name, value))
            });
            Value::Object(fields.collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_defaults).collect()),
        value => value,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
