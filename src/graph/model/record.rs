//! The graph as JSON Lines: what export writes and import reads.

use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::event::Event;
use crate::graph::model::field_set::Fields;
use crate::graph::model::foreign::issue::tag_of;
use crate::graph::model::id::{LENGTH_MAX, TaskId};
use crate::graph::model::link::Link;
use crate::graph::model::session::Session;
use crate::graph::model::task::{self, Priority, Status, TaskType};
use crate::graph::model::timestamp::Timestamp;

/// The version of this format.
pub const VERSION: u32 = 1;

/// One line. One is made and written at a time: the room that a task takes is no loss.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    Graph(Header),
    Session(Session),
    Task(TaskRecord),
    Link(Link),
    Event(Event),
    Origin(Origin),
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub version: u32,
    #[serde(default)]
    pub project: Option<String>,
}

/// What another tracker calls a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub source: String,
    pub foreign_id: String,
    pub task: TaskId,
    /// What it said when it was imported last.
    #[serde(default)]
    pub fingerprint: String,
}

/// A record, and the line that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    pub line: usize,
    pub record: Record,
}

/// A task without what follows from its links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRecord {
    pub id: TaskId,
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default, rename = "type")]
    pub task_type: TaskType,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub status: Status,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub assignee: Option<String>,
    #[serde(flatten)]
    pub fields: Fields,
    #[serde(default)]
    pub session: Option<String>,
    #[serde(default)]
    pub claimed_at: Option<Timestamp>,
    pub created_by: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default)]
    pub closed_by: Option<String>,
    #[serde(default)]
    pub closed_session: Option<String>,
    #[serde(default)]
    pub closed_at: Option<Timestamp>,
    #[serde(default)]
    pub closed_reason: Option<String>,
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
    #[serde(default)]
    pub lands_with: Option<String>,
}

impl TaskRecord {
    fn check(&self) -> Result<(), String> {
        if !self.id.is_possible() {
            return Err(format!(
                "{:?} is not a task's id: up to {LENGTH_MAX} letters without spaces",
                self.id.as_str()
            ));
        }
        task::title(&self.title).map(drop)
    }
}

/// Reads every line, or says which one is wrong.
pub fn parse(text: &str) -> Result<Vec<Numbered>, GraphError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let records = lines.map(|(index, line)| match record(line) {
        Ok(record) => Ok(Numbered { line: index + 1, record }),
        Err(message) => Err(GraphError::Line { line: index + 1, message }),
    });
    records.collect()
}

fn record(line: &str) -> Result<Record, String> {
    let record: Record = serde_json::from_str(line).map_err(|error| error.to_string())?;
    match &record {
        Record::Graph(header) if header.version != VERSION => {
            Err(format!("this is version {} of the format; this bn reads version {VERSION}", header.version))
        }
        Record::Task(task) => task.check().map(|()| record.consistent()),
        _ => Ok(record),
    }
}

impl Record {
    /// A task from another tracker may be done without a date, or open with one.
    fn consistent(self) -> Self {
        let Record::Task(mut task) = self else { return self };
        task.tags = task.tags.iter().filter_map(|tag| tag_of(tag)).collect();
        if task.status != Status::InProgress {
            (task.session, task.claimed_at) = (None, None);
        }
        if matches!(task.status, Status::Landing | Status::Done | Status::Cancelled) {
            task.closed_at = task.closed_at.or(Some(task.updated_at));
        } else {
            (task.closed_at, task.closed_by, task.closed_session, task.closed_reason) = (None, None, None, None);
        }
        if task.status == Status::Landing && task.lands_with.is_none() {
            task.status = Status::Done;
        }
        Record::Task(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_needs_little_and_is_made_consistent() {
        let line = r#"{"record":"task","id":"bn-1","title":"A","status":"done","created_by":"x","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z","session":"s-1"}"#;
        let records = parse(line).unwrap();
        let Record::Task(task) = &records[0].record else { panic!("{records:?}") };
        assert_eq!((task.closed_at, task.session.as_deref()), (Some(task.updated_at), None));
    }

    #[test]
    fn a_wrong_line_is_named() {
        let good = r#"{"record":"graph","version":1}"#;
        assert_eq!(parse(&format!("{good}\n\n")).unwrap().len(), 1);
        for (bad, says) in [
            ("{", "EOF"),
            (r#"{"record":"graph","version":2}"#, "version 2"),
            (r#"{"record":"what"}"#, "unknown variant"),
            (r#"{"record":"link","source":"bn-a","type":"likes","target":"bn-b"}"#, "likes"),
            (r#"{"record":"graph","version":1,"more":1}"#, "more"),
        ] {
            let error = parse(&format!("{good}\n{bad}\n")).unwrap_err().to_string();
            assert!(error.starts_with("line 2: ") && error.contains(says), "{error}");
        }
    }
}
