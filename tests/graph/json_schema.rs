//! docs/json.schema.json, and where an answer does not agree with it.
//!
//! The file lets fields be added, for whoever reads answers of a later `bn`. Here an answer may have no others than it tells of.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/json.schema.json")).unwrap());

/// Where an answer disagrees, and how.
type Verdict = Result<(), String>;

/// The name of the definition for what these words print: `bn task list --all` is `task-list`.
pub fn definition(words: &[impl AsRef<str>]) -> Option<String> {
    let verbs: Vec<&str> = words.iter().map(AsRef::as_ref).skip_while(|word| word.starts_with('-')).take(2).collect();
    let known = |name: &String| SCHEMA["$defs"].get(name.as_str()).is_some();
    Some(verbs.join("-")).filter(known).or_else(|| verbs.first().map(ToString::to_string).filter(known))
}

pub fn agrees(definition: &str, answer: &Value) -> Verdict {
    let schema = SCHEMA["$defs"].get(definition).ok_or_else(|| format!("the schema does not tell of {definition}"))?;
    closed(schema, answer, definition)
}

/// Compares what a command printed, where it was asked for JSON: a line of an answer each, or one of an error.
#[track_caller]
pub fn compare(words: &[impl AsRef<str>], stdout: &str, stderr: &str) {
    let is_asked = words.iter().take_while(|word| word.as_ref() != "--").any(|word| word.as_ref() == "--json");
    let Some(name) = definition(words).filter(|_| is_asked) else { return };
    let (name, text) = if stdout.is_empty() { ("error", stderr) } else { (name.as_str(), stdout) };
    // What an agent prints is its own.
    let last = text.lines().count().saturating_sub(1);
    let own = text.lines().skip(if name == "container-run" { last } else { 0 });
    let values = own.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    // The records of an export are told of elsewhere.
    for value in values.filter(|value| value.is_array() || value.is_object() && value.get("record").is_none()) {
        assert_eq!(agrees(name, &value), Ok(()), "{value}");
    }
}

/// As the schema says, and with no field that it does not name.
fn closed(schema: &Value, value: &Value, place: &str) -> Verdict {
    if let (Some(told), Some(fields)) = (named(schema), value.as_object())
        && let Some(other) = fields.keys().find(|field| !told.contains(field.as_str()))
    {
        return Err(format!("{place}: the schema does not tell of {other}"));
    }
    open(schema, value, place)
}

/// The fields that a schema names, where it names any.
fn named(schema: &Value) -> Option<BTreeSet<&str>> {
    let own = schema["properties"].as_object().map(|fields| fields.keys().map(String::as_str).collect());
    let whole = schema.get("$ref").map(|_| referred(schema)).and_then(named);
    let parts = schema["allOf"].as_array().into_iter().flatten().filter_map(named);
    own.into_iter().chain(whole).chain(parts).reduce(|one, other| &one | &other)
}

fn referred(schema: &Value) -> &'static Value {
    let name = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")).unwrap();
    SCHEMA["$defs"].get(name).unwrap_or_else(|| panic!("there is no definition {name}"))
}

/// As the schema says, by its keywords one by one.
fn open(schema: &Value, value: &Value, place: &str) -> Verdict {
    let mut keywords = schema.as_object().unwrap().iter();
    keywords.try_for_each(|(keyword, rule)| meets(keyword, rule, schema, value, place))
}

fn meets(keyword: &str, rule: &Value, schema: &Value, value: &Value, place: &str) -> Verdict {
    let (mut fields, mut items) = (value.as_object().into_iter().flatten(), value.as_array().into_iter().flatten());
    let below = |name: &str| format!("{place}.{name}");
    let is_met = match keyword {
        "description" => true,
        "type" => types(rule).any(|name| is_of_type(name, value)),
        "enum" => all(rule).any(|one| one == value),
        "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
        "maximum" => value.as_i64().is_none_or(|number| number <= rule.as_i64().unwrap()),
        "format" => rule == "date-time" && value.as_str().is_none_or(is_time),
        "$ref" => return open(referred(schema), value, place),
        "allOf" => return all(rule).try_for_each(|part| open(part, value, place)),
        "anyOf" => return one_of(all(rule).map(|one| closed(one, value, place)).collect()),
        "items" => return items.try_for_each(|item| closed(rule, item, &format!("{place}[]"))),
        "additionalProperties" => {
            return fields.try_for_each(|(name, value)| closed(rule, value, &below(name)));
        }
        "properties" => {
            let mut told =
                rule.as_object().unwrap().iter().filter_map(|(name, rule)| Some((name, rule, value.get(name)?)));
            return told.try_for_each(|(name, rule, value)| closed(rule, value, &below(name)));
        }
        "required" => {
            all(rule).all(|name| value.as_object().is_none_or(|fields| fields.contains_key(name.as_str().unwrap())))
        }
        other => panic!("the tests do not know {other}, which the schema uses"),
    };
    is_met.then_some(()).ok_or_else(|| format!("{place}: {value} is not as {keyword} {rule} wants"))
}

fn all(rule: &Value) -> impl Iterator<Item = &Value> {
    rule.as_array().unwrap().iter()
}

/// One of them is right; where none is, all say why.
fn one_of(verdicts: Vec<Verdict>) -> Verdict {
    match verdicts.iter().any(Result::is_ok) {
        true => Ok(()),
        false => Err(verdicts.into_iter().filter_map(Result::err).collect::<Vec<_>>().join(", or ")),
    }
}

fn types(rule: &Value) -> impl Iterator<Item = &str> {
    let one = rule.as_str().into_iter();
    one.chain(rule.as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type {other}"),
    }
}

fn is_time(text: &str) -> bool {
    text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}
