//! The end of a task, and its new beginning.

use serde::{Deserialize, Serialize};
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closed {
    #[serde(flatten)]
    pub task: Task,
    pub now_ready: Vec<Named>,
}

impl Writer<'_> {
    pub fn close(&self, id: &TaskId, closing: &Closing) -> Result<Closed, GraphError> {
        let task = self.living(id)?;
        match (task.status, closing.status) {
            // In a run it waits for that run's work; outside, somebody says that it has come.
            (Status::Landing, Status::Done) if self.run_session().is_none() => {
                return self.land(&task, closing.reason.as_deref());
            }
            (Status::Open | Status::InProgress, _) | (Status::Landing, Status::Cancelled) => {}
            (status, _) => return Err(GraphError::WrongStatus { id: task.id, status, wanted: "open" }),
        }
        if !closing.force {
            self.refuse_others(&task)?;
            self.refuse_unfinished(&task, closing.status)?;
        }
        self.allow_change(&task)?;
        let (status, run) = match (closing.status, self.run_session()) {
            // What a run has done is done where its work has landed.
            (Status::Done, Some(run)) => (Status::Landing, Some(run)),
            (status, _) => (status, None),
        };
        let at = self.tick_of(id)?;
        let session =
            if run.is_some() && self.session_id().is_none() { Some(self.start_session()?) } else { self.session_id() };
        let values = (id, status, &closing.reason, &self.actor.name, session, at, &run);
        self.conn.prepare_cached(queries::tasks::CLOSE)?.execute(values)?;
        self.rank(id)?;
        self.record(
            at,
            id,
            EventKind::Closed,
            json!({ "status": status, "reason": closing.reason, "was": task.status }),
        )?;
        Ok(Closed { task: self.task(id)?, now_ready: self.made_ready(id, run.as_deref())? })
    }

    /// What is done needs its dependencies and children done; what is cancelled only has no more children.
    fn refuse_unfinished(&self, task: &Task, status: Status) -> Result<(), GraphError> {
        let run = self.run_session();
        let live = |link| self.live_targets(&task.id, link, run.as_deref());
        let waits = task.waits_for > 0 && status == Status::Done;
        let dependencies = if waits { live("depends_on")? } else { Vec::new() };
        let children = if task.open_children > 0 { live("parent_of")? } else { Vec::new() };
        if dependencies.is_empty() && children.is_empty() {
            return Ok(());
        }
        Err(GraphError::Unfinished { id: task.id.clone(), dependencies, children })
    }

    /// For everybody, or, where it was closed in a run, for that run.
    pub(super) fn made_ready(&self, id: &TaskId, run: Option<&str>) -> Result<Vec<Named>, GraphError> {
        match run {
            None => {
                let mut statement = self.conn.prepare_cached(&queries::tasks::now_ready(self.clock.get()))?;
                self.all(&mut statement, (id, NAMED), "task", rows::named)
            }
            Some(run) => {
                let mut statement = self.conn.prepare_cached(queries::tasks::UNLOCKED_BY)?;
                self.all(&mut statement, (id, NAMED, run), "task", rows::named)
            }
        }
    }

    /// Opens a finished task again, and says why in a note.
    pub fn reopen(&self, id: &TaskId, why: Option<&str>) -> Result<Task, GraphError> {
        let task = self.living(id)?;
        if !task.is_finished() {
            return Err(GraphError::WrongStatus { id: task.id, status: task.status, wanted: "done" });
        }
        self.allow_change(&task)?;
        self.open_again(&task, None)?;
        if let Some(why) = why {
            self.note(id, why)?;
        }
        self.task(id)
    }

    /// `lands_with` is the session of the run whose landing closes it all the same.
    pub(super) fn open_again(&self, task: &Task, lands_with: Option<&str>) -> Result<(), GraphError> {
        let at = self.tick_of(&task.id)?;
        self.conn.prepare_cached(queries::tasks::REOPEN)?.execute((&task.id, at, lands_with))?;
        self.rank(&task.id)?;
        let was = json!({ "status": task.status, "closed_by": task.closed_by, "reason": task.closed_reason });
        self.record(at, &task.id, EventKind::Reopened, was)
    }
}
