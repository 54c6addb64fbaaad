//! A value and where it came from.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::config::PROJECT_FILE;
use crate::config::key::{Form, Key};
use crate::config::value::Value;
use crate::sanitize;

/// Where a value came from: a stronger place comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Variable(&'static str),
    User {
        file: PathBuf,
        line: usize,
    },
    Project {
        branch: String,
        line: usize,
    },
    /// A file of the project's that is not bn's, which bn reads where it is asked to.
    Devcontainer {
        branch: String,
        file: &'static str,
    },
    Default,
}

impl Origin {
    pub fn place(&self) -> &'static str {
        match self {
            Origin::Variable(_) => "environment",
            Origin::User { .. } => "user",
            Origin::Project { .. } | Origin::Devcontainer { .. } => "project",
            Origin::Default => "default",
        }
    }
}

/// A file is named as an editor or `git show` takes it.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Variable(name) => write!(f, "${name}"),
            Origin::User { file, line } => write!(f, "{}:{line}", sanitize::path(file)),
            Origin::Project { branch, line } => {
                write!(f, "{}:{PROJECT_FILE}:{line}", sanitize::name(branch.as_bytes()))
            }
            Origin::Devcontainer { branch, file } => write!(f, "{}:{file}", sanitize::name(branch.as_bytes())),
            Origin::Default => f.write_str("default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A key, its value, and where that stands.
#[derive(Clone)]
pub struct Setting {
    pub key: &'static Key,
    /// In a table: the user's own name.
    pub name: Option<String>,
    pub value: Value,
    pub origin: Origin,
}

impl Setting {
    /// What stands before the `=`.
    pub fn path(&self) -> String {
        match &self.name {
            Some(name) => format!("{}.{}", self.key.name, sanitize::name(name.as_bytes())),
            None => self.key.name.to_owned(),
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The value as the flag takes it.
    pub fn for_flag(&self) -> Value {
        match (self.key.form, &self.name, &self.value) {
            (Form::Table, Some(name), Value::Text(value)) => Value::Text(format!("{name}={value}")),
            (_, _, value) => value.clone(),
        }
    }

    fn is_same(&self, other: &Setting) -> bool {
        std::ptr::eq(self.key, other.key) && self.name == other.name
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.path(), self.value)
    }
}

/// Of several places the strongest counts, which comes first. Each value comes whole from one place.
pub fn settle(settings: impl IntoIterator<Item = Setting>) -> Vec<Setting> {
    settings.into_iter().fold(Vec::new(), |mut settled, setting| {
        if !settled.iter().any(|stronger: &Setting| stronger.is_same(&setting)) {
            settled.push(setting);
        }
        settled
    })
}
