//! What a batch is made of: one change per line.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::LinkType;
use crate::graph::model::task::{Change, NewTask};

/// One change. Ids may be shortened, and `@name` is the task that the batch created with `"ref": "name"`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    Create(NewTask),
    Update {
        id: String,
        set: Change,
    },
    Claim {
        id: String,
        #[serde(default)]
        force: bool,
    },
    Release {
        id: String,
        reason: Option<String>,
        #[serde(default)]
        force: bool,
    },
    Close {
        id: String,
        reason: Option<String>,
        #[serde(default)]
        force: bool,
    },
    Cancel {
        id: String,
        reason: Option<String>,
        #[serde(default)]
        force: bool,
    },
    Reopen {
        id: String,
        reason: Option<String>,
    },
    Note {
        id: String,
        text: String,
    },
    Delete {
        id: String,
        #[serde(default)]
        force: bool,
    },
    Undelete {
        id: String,
    },
    Link {
        a: String,
        #[serde(rename = "type")]
        link_type: LinkType,
        b: String,
    },
    Unlink {
        a: String,
        #[serde(rename = "type")]
        link_type: LinkType,
        b: String,
    },
}

impl Operation {
    pub fn name(&self) -> &'static str {
        match self {
            Operation::Create(_) => "create",
            Operation::Update { .. } => "update",
            Operation::Claim { .. } => "claim",
            Operation::Release { .. } => "release",
            Operation::Close { .. } => "close",
            Operation::Cancel { .. } => "cancel",
            Operation::Reopen { .. } => "reopen",
            Operation::Note { .. } => "note",
            Operation::Delete { .. } => "delete",
            Operation::Undelete { .. } => "undelete",
            Operation::Link { .. } => "link",
            Operation::Unlink { .. } => "unlink",
        }
    }
}

/// Reads a batch, or says which line is wrong.
pub fn parse(text: &str) -> Result<Vec<Operation>, GraphError> {
    lines(text)
}

/// Reads new tasks, one per line, as a batch that creates them.
pub fn parse_tasks(text: &str) -> Result<Vec<Operation>, GraphError> {
    Ok(lines(text)?.into_iter().map(Operation::Create).collect())
}

fn lines<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, GraphError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let values = lines.map(|(index, line)| {
        serde_json::from_str(line).map_err(|error| GraphError::Line { line: index + 1, message: error.to_string() })
    });
    values.collect()
}

/// The names that a batch gave to the tasks it created.
#[derive(Debug, Default)]
pub struct References(HashMap<String, TaskId>);

impl References {
    pub fn add(&mut self, name: &str, id: &TaskId) -> Result<(), GraphError> {
        match self.0.insert(name.to_owned(), id.clone()) {
            Some(_) => Err(GraphError::Invalid(format!("two tasks have the ref {name:?}"))),
            None => Ok(()),
        }
    }

    /// The id that `@name` stands for; anything else as it is.
    pub fn replace(&self, typed: &str) -> Result<String, GraphError> {
        match typed.strip_prefix('@') {
            None => Ok(typed.to_owned()),
            Some(name) => match self.0.get(name) {
                Some(id) => Ok(id.to_string()),
                None => Err(GraphError::Invalid(format!("no earlier line has the ref {name:?}"))),
            },
        }
    }

    /// A new task whose links name real ids.
    pub fn replace_all(&self, new: &NewTask) -> Result<NewTask, GraphError> {
        let one = |typed: &Option<String>| typed.as_deref().map(|typed| self.replace(typed)).transpose();
        let many = |typed: &[String]| typed.iter().map(|typed| self.replace(typed)).collect::<Result<Vec<_>, _>>();
        Ok(NewTask {
            parent: one(&new.parent)?,
            discovered_from: one(&new.discovered_from)?,
            depends_on: many(&new.depends_on)?,
            blocks: many(&new.blocks)?,
            ..new.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_read_strictly() {
        let good = "{\"op\":\"create\",\"title\":\"A\",\"ref\":\"a\"}\n\n{\"op\":\"link\",\"a\":\"@a\",\"type\":\"blocks\",\"b\":\"bn-1\"}";
        assert_eq!(parse(good).unwrap().iter().map(Operation::name).collect::<Vec<_>>(), ["create", "link"]);
        for bad in [
            r#"{"op":"create","titel":"A"}"#,
            r#"{"op":"explode","id":"bn-1"}"#,
            r#"{"op":"close","id":"bn-1","forced":true}"#,
            r#"{"op":"update","id":"bn-1","set":{"prio":1}}"#,
            "[]",
        ] {
            assert!(parse(&format!("\n{bad}")).unwrap_err().to_string().starts_with("line 2: "), "{bad}");
        }
    }

    #[test]
    fn references_stand_for_ids() {
        let mut names = References::default();
        names.add("a", &TaskId::known("bn-1234".into())).unwrap();
        assert_eq!(names.replace("@a").unwrap(), "bn-1234");
        assert_eq!(names.replace("a").unwrap(), "a");
        assert!(names.replace("@b").is_err());
        assert!(names.add("a", &TaskId::known("bn-5".into())).is_err());
    }
}
