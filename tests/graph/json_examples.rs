//! The examples of docs/json.md, and how what is printed may differ from them.

use std::collections::BTreeMap;

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/json.md");

/// The examples, by the words of their headings: those that are wanted.
pub fn examples(wanted: impl Fn(&str) -> bool) -> BTreeMap<&'static str, Value> {
    let sections = DOCUMENT.split("\n## ").skip(1);
    let headed = sections.map(|section| (section.lines().next().unwrap().trim_matches('`'), section));
    let examples = headed.filter(|(heading, _)| wanted(heading)).map(|(heading, section)| {
        let json = section.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
        (heading, serde_json::from_str(json.unwrap_or_else(|| panic!("{heading} has no example"))).unwrap())
    });
    examples.collect()
}

/// Where two values differ in shape: other fields, or other types. Null may stand for anything.
pub fn difference(path: &str, example: &Value, real: &Value) -> Option<String> {
    match (example, real) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Object(_), Value::Object(_)) if path.ends_with(".data") => None,
        (Value::Object(example), Value::Object(real)) => {
            let (told, printed): (Vec<_>, Vec<_>) = (example.keys().collect(), real.keys().collect());
            if told != printed {
                return Some(format!("{path}: the document tells of {told:?}, bn prints {printed:?}"));
            }
            example.iter().find_map(|(key, value)| difference(&format!("{path}.{key}"), value, &real[key]))
        }
        (Value::Array(example), Value::Array(real)) => {
            let first = example.first()?;
            if real.is_empty() && first.is_object() {
                return Some(format!("{path}: the test has nothing to compare with"));
            }
            real.iter().find_map(|value| difference(&format!("{path}[]"), first, value))
        }
        (example, real) if std::mem::discriminant(example) == std::mem::discriminant(real) => None,
        _ => Some(format!("{path}: the document says {example}, bn prints {real}")),
    }
}
