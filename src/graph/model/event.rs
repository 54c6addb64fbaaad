//! Events: every change, who made it and when.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::graph::model::id::TaskId;
use crate::graph::model::timestamp::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Created,
    Updated,
    Claimed,
    TakenOver,
    Released,
    Closed,
    /// The work that it was closed with is where it was to go.
    Landed,
    Reopened,
    /// A commit names the task.
    Committed,
    /// The event is the note: it is kept nowhere else.
    Noted,
    /// A note that its author took back.
    Retracted,
    Deleted,
    Undeleted,
    Linked,
    Unlinked,
    SessionStarted,
    SessionEnded,
}

impl EventKind {
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::Created => "created",
            EventKind::Updated => "updated",
            EventKind::Claimed => "claimed",
            EventKind::TakenOver => "taken_over",
            EventKind::Released => "released",
            EventKind::Closed => "closed",
            EventKind::Landed => "landed",
            EventKind::Reopened => "reopened",
            EventKind::Committed => "committed",
            EventKind::Noted => "noted",
            EventKind::Retracted => "retracted",
            EventKind::Deleted => "deleted",
            EventKind::Undeleted => "undeleted",
            EventKind::Linked => "linked",
            EventKind::Unlinked => "unlinked",
            EventKind::SessionStarted => "session_started",
            EventKind::SessionEnded => "session_ended",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub at: Timestamp,
    pub actor: String,
    pub session: Option<String>,
    pub task: Option<TaskId>,
    /// The other end of a link.
    pub other: Option<TaskId>,
    pub kind: EventKind,
    /// What changed: a note's text, a reason, or per field what was and what is.
    pub data: Map<String, Value>,
}

/// A commit whose message names a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    pub commit: String,
    pub title: String,
    /// The run whose agent made it.
    pub run: String,
    /// When it was collected.
    pub at: Timestamp,
}

/// A remark on a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub at: Timestamp,
    pub author: String,
    pub text: String,
}
