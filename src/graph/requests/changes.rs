//! Requests that change tasks and their links.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::{self, LinkType};
use crate::graph::model::operation::Operation;
use crate::graph::model::plan::Step;
use crate::graph::model::task::{Change, NewTask, Status, Task};
use crate::graph::queries::filter::Filter;
use crate::graph::requests::{At, Request, Shown};
use crate::graph::store::{self, Closed, Closing, Outcome, Undone, Writer};

/// The shape of most changes: find the task, change it, answer with it.
fn change(
    at: &At,
    typed: &str,
    work: impl FnOnce(&Writer, &TaskId) -> Result<Task, GraphError>,
) -> Result<Task, GraphError> {
    at.write(|writer| work(writer, &writer.resolve(typed)?))
}

/// A new task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    pub task: NewTask,
}

impl Request for Create {
    type Answer = Task;
    const NAME: &'static str = "create";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Task, GraphError> {
        at.write(|writer| writer.create(&self.task).and_then(|id| writer.task(&id)))
    }
}

/// Many changes, all of them or none.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    #[serde(default)]
    pub operations: Vec<Operation>,
}

impl Request for Batch {
    type Answer = Vec<Outcome>;
    const NAME: &'static str = "batch";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Vec<Outcome>, GraphError> {
        at.write(|writer| writer.batch(&self.operations))
    }
}

/// The tasks of a plan, all of them or none.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub steps: Vec<Step>,
}

impl Request for Plan {
    type Answer = Vec<Outcome>;
    const NAME: &'static str = "plan";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Vec<Outcome>, GraphError> {
        at.write(|writer| writer.plan(&self.steps))
    }
}

/// What a task says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    pub id: String,
    #[serde(default)]
    pub change: Change,
}

impl Request for Update {
    type Answer = Task;
    const NAME: &'static str = "update";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Task, GraphError> {
        change(at, &self.id, |writer, id| writer.update(id, &self.change))
    }
}

/// Takes back the last change of the agent that asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {}

impl Request for Undo {
    type Answer = Undone;
    const NAME: &'static str = "undo";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Undone, GraphError> {
        at.write(|writer| writer.undo())
    }
}

/// A claim of one task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub id: String,
    #[serde(default)]
    pub force: bool,
    /// Also from a holder who gave no sign of life for so many seconds.
    #[serde(default)]
    pub stale_after: Option<u64>,
}

impl Request for Claim {
    type Answer = Task;
    const NAME: &'static str = "claim";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Task, GraphError> {
        let how = store::Claim { force: self.force, take_over: self.stale_after.map(Duration::from_secs) };
        change(at, &self.id, |writer, id| writer.claim(id, how))
    }
}

/// A claim of the best task that is free.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimBest {
    #[serde(default)]
    pub filter: Filter,
}

impl Request for ClaimBest {
    type Answer = Shown;
    const NAME: &'static str = "claim_best";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Shown, GraphError> {
        at.write(|writer| {
            let task = writer.claim_best(&self.filter)?;
            Shown::of(writer, &task.id)
        })
    }
}

/// A claim given back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    pub id: String,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub force: bool,
}

impl Request for Release {
    type Answer = Task;
    const NAME: &'static str = "release";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Task, GraphError> {
        change(at, &self.id, |writer, id| writer.release(id, self.reason.as_deref(), self.force))
    }
}

/// The end of some tasks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    pub ids: Vec<String>,
    /// `done` or `cancelled`.
    pub status: Status,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub force: bool,
}

impl Request for Close {
    type Answer = Vec<Closed>;
    const NAME: &'static str = "close";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Vec<Closed>, GraphError> {
        if !matches!(self.status, Status::Done | Status::Cancelled) {
            return Err(GraphError::Invalid(format!("a task is closed as done or cancelled, not as {}", self.status)));
        }
        let closing = Closing { status: self.status, reason: self.reason.clone(), force: self.force };
        at.write(|writer| {
            let each = self.ids.iter().map(|typed| writer.close(&writer.resolve(typed)?, &closing));
            each.collect()
        })
    }
}

/// A finished task, opened again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reopen {
    pub id: String,
    #[serde(default)]
    pub reason: Option<String>,
}

impl Request for Reopen {
    type Answer = Task;
    const NAME: &'static str = "reopen";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Task, GraphError> {
        change(at, &self.id, |writer, id| writer.reopen(id, self.reason.as_deref()))
    }
}

/// What is worth remembering about a task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    pub id: String,
    pub text: String,
}

impl Request for Note {
    type Answer = Task;
    const NAME: &'static str = "note";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Task, GraphError> {
        change(at, &self.id, |writer, id| {
            writer.living(id)?;
            writer.note(id, &self.text)?;
            writer.task(id)
        })
    }
}

/// A task, put out of every list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    pub id: String,
    #[serde(default)]
    pub force: bool,
}

impl Request for Delete {
    type Answer = Task;
    const NAME: &'static str = "delete";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Task, GraphError> {
        change(at, &self.id, |writer, id| writer.delete(id, self.force))
    }
}

/// A deleted task, brought back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undelete {
    pub id: String,
}

impl Request for Undelete {
    type Answer = Task;
    const NAME: &'static str = "undelete";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Task, GraphError> {
        change(at, &self.id, |writer, id| writer.undelete(id))
    }
}

/// A new link.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub a: String,
    #[serde(rename = "type")]
    pub link_type: LinkType,
    pub b: String,
}

/// A link as it is kept, and whether it is new.
#[derive(Debug, Serialize, Deserialize)]
pub struct Linked {
    pub link: link::Link,
    pub is_new: bool,
}

impl Request for Link {
    type Answer = Linked;
    const NAME: &'static str = "link";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Linked, GraphError> {
        at.write(|writer| {
            let (a, b) = (writer.resolve(&self.a)?, writer.resolve(&self.b)?);
            writer.link(&a, self.link_type, &b).map(|(link, is_new)| Linked { link, is_new })
        })
    }
}

/// A link, taken away.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlink {
    pub a: String,
    #[serde(rename = "type")]
    pub link_type: LinkType,
    pub b: String,
}

impl Request for Unlink {
    type Answer = link::Link;
    const NAME: &'static str = "unlink";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<link::Link, GraphError> {
        at.write(|writer| {
            let (a, b) = (writer.resolve(&self.a)?, writer.resolve(&self.b)?);
            writer.unlink(&a, self.link_type, &b)
        })
    }
}
