//! A configuration as it is written: TOML, in which every key is known.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::error::ConfigError;
use crate::config::key::{Form, Key};
use crate::config::keys::{KEYS, find};
use crate::config::setting::{Origin, Setting};
use crate::config::value::Value;
use crate::config::{LONGEST, PROJECT_FILE};
use crate::near::is_slip;
use crate::sanitize;

/// Which file it is.
#[derive(Clone, Copy, Debug)]
pub enum File<'a> {
    User(&'a Path),
    /// As committed on this branch.
    Project(&'a str),
}

impl File<'_> {
    pub fn origin(self, line: usize) -> Origin {
        match self {
            File::User(file) => Origin::User { file: file.to_owned(), line },
            File::Project(branch) => Origin::Project { branch: branch.to_owned(), line },
        }
    }

    fn shown(self) -> String {
        match self {
            File::User(file) => sanitize::path(file),
            File::Project(branch) => format!("{}:{PROJECT_FILE}", sanitize::name(branch.as_bytes())),
        }
    }
}

/// Reads all settings of a file, in the order of its lines.
pub fn read(bytes: &[u8], file: File<'_>) -> Result<Vec<Setting>, ConfigError> {
    if bytes.len() > LONGEST {
        return Err(too_long(file, bytes.len() as u64));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ConfigError::NotText { file: file.shown() })?;
    let reader = Reader { text, file };
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        at: reader.at(&error.span().unwrap_or_default()),
        reason: error.message().lines().next().unwrap_or_default().to_owned(),
    })?;
    let mut found = Vec::new();
    for (key, value) in table.get_ref() {
        found.extend(reader.settings(None, key, value)?);
    }
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, setting)| setting).collect())
}

pub fn too_long(file: File<'_>, bytes: u64) -> ConfigError {
    ConfigError::TooLong { file: file.shown(), bytes, longest: LONGEST }
}

/// A setting and where it begins.
type Placed = (usize, Setting);

#[derive(Clone, Copy)]
struct Reader<'a> {
    text: &'a str,
    file: File<'a>,
}

impl Reader<'_> {
    fn line(self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    fn at(self, span: &Range<usize>) -> String {
        self.file.origin(self.line(span)).to_string()
    }

    /// The settings of one entry: of the file, or of the table of a verb.
    fn settings<K: AsRef<str>>(
        self,
        table: Option<&str>,
        key: &Spanned<K>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<Placed>, ConfigError> {
        let own = key.get_ref().as_ref();
        let name = &table.map_or(own.to_owned(), |table| format!("{table}.{own}"));
        if table.is_none() && KEYS.iter().any(|key| key.table() == Some(name)) {
            return self.of_verb(name, value);
        }
        let unknown = || ConfigError::Unknown {
            at: self.at(&key.span()),
            key: sanitize::name(name.as_bytes()),
            meant: KEYS
                .iter()
                .flat_map(|key| [Some(key.name), key.table()])
                .flatten()
                .find(|known| is_slip(name, known)),
        };
        let known = find(name).ok_or_else(unknown)?;
        match (known.form, value.get_ref()) {
            (Form::Table, DeValue::Table(entries)) => {
                let entry = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                    let name: &dyn AsRef<str> = name.get_ref();
                    self.setting(known, Some(name.as_ref().to_owned()), value)
                };
                entries.iter().map(entry).collect()
            }
            _ => Ok(vec![self.setting(known, None, value)?]),
        }
    }

    /// The settings in the table of a verb.
    fn of_verb(self, verb: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<Placed>, ConfigError> {
        let DeValue::Table(entries) = value.get_ref() else {
            let first = KEYS.iter().find(|key| key.table() == Some(verb));
            return Err(ConfigError::Form {
                at: self.at(&value.span()),
                example: first.map_or(String::new(), |key| format!("{} = {}", key.name, example(key.form))),
                key: verb.to_owned(),
                wanted: "a table",
                found: shown(value.get_ref(), Form::Table),
            });
        };
        let found = entries.iter().map(|(key, value)| self.settings(Some(verb), key, value));
        Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    fn setting(
        self,
        key: &'static Key,
        name: Option<String>,
        found: &Spanned<DeValue<'_>>,
    ) -> Result<Placed, ConfigError> {
        let span = found.span();
        let form = if name.is_some() { Form::Text } else { key.form };
        let value = self.value(form, found).ok_or_else(|| {
            let path = Setting { key, name: name.clone(), value: Value::Flag(true), origin: Origin::Default }.path();
            ConfigError::Form {
                at: self.at(&span),
                example: format!("{path} = {}", example(form)),
                key: path,
                wanted: form.shown(),
                found: shown(found.get_ref(), form),
            }
        })?;
        let setting = Setting { key, name, value, origin: self.file.origin(self.line(&span)) };
        setting.check()?;
        Ok((span.start, setting))
    }

    fn value(self, form: Form, found: &Spanned<DeValue<'_>>) -> Option<Value> {
        match (form, found.get_ref()) {
            (Form::Text | Form::Number, DeValue::String(text)) => Some(Value::Text(text.to_string())),
            (Form::Number, DeValue::Integer(_) | DeValue::Float(_)) => self.number(found).map(Value::Number),
            (Form::Flag, DeValue::Boolean(flag)) => Some(Value::Flag(*flag)),
            (Form::List, DeValue::Array(items)) => {
                let item = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
                    DeValue::String(text) => Some(text.to_string()),
                    // A port.
                    DeValue::Integer(_) => self.number(item),
                    _ => None,
                };
                items.iter().map(item).collect::<Option<_>>().map(Value::List)
            }
            _ => None,
        }
    }

    fn number(self, found: &Spanned<DeValue<'_>>) -> Option<String> {
        self.text.get(found.span()).map(|digits| digits.replace('_', ""))
    }
}

impl Setting {
    /// Refuses a value that the flag would refuse.
    pub fn check(&self) -> Result<(), ConfigError> {
        let texts = match &self.value {
            Value::List(items) => items.iter().map(String::as_str).collect(),
            Value::Text(text) | Value::Number(text) => vec![text.as_str()],
            Value::Flag(_) => Vec::new(),
        };
        for text in texts {
            let whole = self.name.as_ref().map(|name| format!("{name}={text}"));
            let text = whole.as_deref().unwrap_or(text);
            (self.key.check)(text).map_err(|mut wrong| {
                // The words of the flag, for whom no flag was typed.
                if let Some(rest) = wrong.message.strip_prefix(&format!("--{} {text}: ", self.key.name)) {
                    wrong.message = rest.to_owned();
                }
                let plain = |hint: &String| hint.replace(&format!("--{} ", self.key.name), "");
                wrong.hints = wrong.hints.iter().map(plain).filter(|hint| !hint.contains("--")).collect();
                ConfigError::Value { at: self.origin.to_string(), setting: self.to_string(), wrong }
            })?;
        }
        Ok(())
    }
}

fn shown(value: &DeValue<'_>, wanted: Form) -> &'static str {
    match value {
        DeValue::Array(_) if wanted == Form::List => "a list of something else",
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn example(form: Form) -> &'static str {
    match form {
        Form::Text => "\"…\"",
        Form::Number => "4",
        Form::List => "[\"…\"]",
        Form::Flag => "true",
        Form::Table => "{ NAME = \"value\" }",
    }
}

#[cfg(test)]
mod tests;
