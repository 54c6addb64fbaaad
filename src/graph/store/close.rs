//! The end of a task, and its new beginning.

use serde::Serialize;
use serde_json::json;

use crate::graph::error::GraphError;
use crate::graph::model::event::EventKind;
use crate::graph::model::id::TaskId;
use crate::graph::model::task::{Named, Status, Task};
use crate::graph::queries;
use crate::graph::store::{Writer, rows};

/// How many of the tasks that a close made ready are named.
const NAMED: usize = 10;

/// How a task is to end.
#[derive(Clone, Debug)]
pub struct Closing {
    /// `Done` or `Cancelled`.
    pub status: Status,
    pub reason: Option<String>,
    /// Also with open dependencies or children, or in somebody else's hands.
    pub force: bool,
}

/// A task that was closed, and what can be worked on because of it.
#[derive(Clone, Debug, Serialize)]
pub struct Closed {
    #[serde(flatten)]
    pub task: Task,
    pub now_ready: Vec<Named>,
}

impl Writer<'_> {
    pub fn close(&self, id: &TaskId, closing: &Closing) -> Result<Closed, GraphError> {
        let task = self.living(id)?;
        if task.is_finished() {
            return Err(GraphError::WrongStatus { id: task.id, status: task.status, wanted: "open" });
        }
        if !closing.force {
            self.refuse_others(&task)?;
            self.refuse_unfinished(&task, closing.status)?;
        }
        let at = self.tick();
        let session = self.session_id();
        let values = (id, closing.status, &closing.reason, &self.actor.name, session, at);
        self.conn.prepare_cached(queries::tasks::CLOSE)?.execute(values)?;
        self.record(at, id, EventKind::Closed, json!({ "status": closing.status, "reason": closing.reason }))?;
        Ok(Closed { task: self.task(id)?, now_ready: self.made_ready(id)? })
    }

    /// What is done needs its dependencies and children done; what is cancelled only has no more children.
    fn refuse_unfinished(&self, task: &Task, status: Status) -> Result<(), GraphError> {
        let waits = task.waits_for > 0 && status == Status::Done;
        let dependencies = if waits { self.live_targets(&task.id, "depends_on")? } else { Vec::new() };
        let children = if task.open_children > 0 { self.live_targets(&task.id, "parent_of")? } else { Vec::new() };
        if dependencies.is_empty() && children.is_empty() {
            return Ok(());
        }
        Err(GraphError::Unfinished { id: task.id.clone(), dependencies, children })
    }

    fn made_ready(&self, id: &TaskId) -> Result<Vec<Named>, GraphError> {
        let mut statement = self.conn.prepare_cached(queries::tasks::NOW_READY)?;
        let found = statement.query_map((id, NAMED), rows::named)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Opens a finished task again, and says why in a note.
    pub fn reopen(&self, id: &TaskId, why: Option<&str>) -> Result<Task, GraphError> {
        let task = self.living(id)?;
        if !task.is_finished() {
            return Err(GraphError::WrongStatus { id: task.id, status: task.status, wanted: "done" });
        }
        let at = self.tick();
        self.conn.prepare_cached(queries::tasks::REOPEN)?.execute((id, at))?;
        let was = json!({ "status": task.status, "closed_by": task.closed_by, "reason": task.closed_reason });
        self.record(at, id, EventKind::Reopened, was)?;
        if let Some(why) = why {
            self.note(id, why)?;
        }
        self.task(id)
    }

    /// Reopens every task that a session closed as done.
    pub(super) fn reopen_all(&self, session: &str, why: &str) -> Result<Vec<Named>, GraphError> {
        let closed = self.ids(queries::tasks::CLOSED_BY, session)?;
        closed.iter().map(|id| self.reopen(id, Some(why)).and_then(|_| self.named(id))).collect()
    }
}
