//! From closed in a run to done: when its work has landed, and not before.

use serde::Serialize;
use serde_json::json;

use crate::graph::error::GraphError;
use crate::graph::model::event::EventKind;
use crate::graph::model::id::TaskId;
use crate::graph::model::task::{Named, Status, Task};
use crate::graph::queries;
use crate::graph::store::{Closed, Closing, Reader, Writer};

/// What became of the tasks that waited for a run's work.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Landed {
    pub done: Vec<Named>,
    /// Somebody else works on these again: they were told by a note.
    pub told: Vec<Named>,
}

impl Writer<'_> {
    /// Somebody says that the work of one task has landed.
    pub(super) fn land(&self, task: &Task, why: Option<&str>) -> Result<Closed, GraphError> {
        let at = self.tick_of(&task.id)?;
        self.conn.prepare_cached(queries::tasks::LAND)?.execute((&task.id, at))?;
        self.rank(&task.id)?;
        self.record(at, &task.id, EventKind::Landed, json!({ "reason": why }))?;
        Ok(Closed { task: self.task(&task.id)?, now_ready: self.made_ready(&task.id, None)? })
    }

    /// The work of a run has landed: what it closed is done, also where it was opened again meanwhile.
    pub(super) fn land_all(&self, session: &str, why: &str) -> Result<Landed, GraphError> {
        let mut landed = Landed::default();
        for id in self.ids(queries::tasks::LANDS_WITH, session)? {
            let task = self.task(&id)?;
            match task.status {
                Status::Landing => drop(self.land(&task, Some(why))?),
                Status::Open => {
                    let closing = Closing { status: Status::Done, reason: Some(why.to_owned()), force: true };
                    self.close(&id, &closing)?;
                }
                Status::InProgress => {
                    self.note(&id, &format!("{why}; see whether anything is left to do"))?;
                    landed.told.push(self.named(&id)?);
                    continue;
                }
                Status::Done | Status::Cancelled => continue,
            }
            landed.done.push(self.named(&id)?);
        }
        Ok(landed)
    }

    /// Reopens every task that a session closed as done; the landing of its work closes it again.
    pub(super) fn reopen_all(&self, session: &str, why: &str) -> Result<Vec<Named>, GraphError> {
        let closed = self.ids(queries::tasks::CLOSED_BY, session)?;
        closed.iter().map(|id| self.reopen_until_landed(id, session, why)).collect()
    }

    /// The work of a run will not come: what it closed is open, and nothing closes it by itself.
    pub(super) fn wait_no_longer(&self, session: &str, why: &str) -> Result<(), GraphError> {
        for id in self.ids(queries::tasks::LANDS_WITH, session)? {
            if self.task(&id)?.status == Status::Landing {
                self.reopen(&id, Some(why))?;
            }
        }
        self.conn.prepare_cached(queries::tasks::FORGET_RUN)?.execute([session])?;
        Ok(())
    }

    fn reopen_until_landed(&self, id: &TaskId, session: &str, why: &str) -> Result<Named, GraphError> {
        self.open_again(&self.task(id)?, Some(session))?;
        self.note(id, why)?;
        self.named(id)
    }
}

impl Reader<'_> {
    /// The name of the run whose landing closes a task.
    pub fn run_of(&self, task: &Task) -> Result<Option<String>, GraphError> {
        let Some(session) = &task.lands_with else { return Ok(None) };
        Ok(self.session_if_readable(session)?.map(|session| session.container.unwrap_or(session.name)))
    }
}
