//! Claims: of any number of agents that want a task, one gets it.

use std::time::Duration;

use rusqlite::OptionalExtension;
use serde_json::json;

use crate::graph::error::GraphError;
use crate::graph::model::event::EventKind;
use crate::graph::model::id::TaskId;
use crate::graph::model::session::STALE_AFTER;
use crate::graph::model::task::{Named, Status, Task};
use crate::graph::model::text::line;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries;
use crate::graph::queries::filter::Filter;
use crate::graph::store::Writer;

/// How a claim is meant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claim {
    /// Also where the task is blocked.
    pub force: bool,
    /// Also where somebody holds it who gave no sign of life for this long.
    pub take_over: Option<Duration>,
}

impl Writer<'_> {
    /// Takes a task that is open. A second claim is refused, whoever makes it: two processes of one agent are two.
    pub fn claim(&self, id: &TaskId, how: Claim) -> Result<Task, GraphError> {
        let session = self.session_for_work()?;
        self.allow_claim(id)?;
        let at = self.tick_of(id)?;
        let meant_for = self.meant_for(id)?;
        let values = (id, &session, &self.actor.name, at, how.force);
        let won = self.conn.prepare_cached(queries::tasks::CLAIM)?.query_row(values, |_| Ok(())).optional()?;
        if won.is_none() {
            return self.claim_refused(id, how, at);
        }
        self.set_allowed(id);
        let data = match meant_for {
            Some(name) => json!({ "session": session, "meant_for": name }),
            None => json!({ "session": session }),
        };
        self.record(at, id, EventKind::Claimed, data)?;
        self.task(id)
    }

    /// Whom the task was meant for before it was claimed.
    fn meant_for(&self, id: &TaskId) -> Result<Option<String>, GraphError> {
        let sql = "SELECT assignee FROM tasks WHERE id = ?1";
        Ok(self.conn.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?.flatten())
    }

    fn claim_refused(&self, id: &TaskId, how: Claim, at: Timestamp) -> Result<Task, GraphError> {
        let task = self.living(id)?;
        match task.status {
            Status::Landing | Status::Done | Status::Cancelled => {
                Err(GraphError::WrongStatus { id: task.id, status: task.status, wanted: "open" })
            }
            Status::Open => Err(GraphError::Blocked {
                by: self.live_targets(id, "depends_on", self.run_session().as_deref())?,
                id: task.id,
            }),
            Status::InProgress => match how.take_over {
                Some(after) if self.holder_is_stale(&task, at, after)? => self.take_over(&task, at),
                _ => Err(self.taken(task, at)?),
            },
        }
    }

    fn take_over(&self, task: &Task, at: Timestamp) -> Result<Task, GraphError> {
        let session = self.session_for_work()?;
        self.allow_change(task)?;
        let values = (&task.id, &session, &self.actor.name, at, &task.session);
        self.conn.prepare_cached(queries::tasks::TAKE_OVER)?.query_row(values, |_| Ok(()))?;
        let from = json!({ "from": task.assignee, "from_session": task.session, "session": session });
        self.record(at, &task.id, EventKind::TakenOver, from)?;
        self.task(&task.id)
    }

    /// The best ready task that is nobody else's, claimed.
    pub fn claim_best(&self, wanted: &Filter) -> Result<Task, GraphError> {
        let free = Filter { free_for: Some(self.actor.name.clone()), below: self.scope_root(), ..wanted.clone() };
        let best = self.best(&free, self.run_session(), self.clock.get())?.ok_or(GraphError::NothingReady)?;
        self.claim(&best, Claim::default())
    }

    /// Gives a claim back, with a note that says why.
    pub fn release(&self, id: &TaskId, why: Option<&str>, force: bool) -> Result<Task, GraphError> {
        let task = self.living(id)?;
        if task.status != Status::InProgress {
            return Err(GraphError::WrongStatus { id: task.id, status: task.status, wanted: "in_progress" });
        }
        if !force {
            self.refuse_others(&task)?;
        }
        self.allow_change(&task)?;
        self.unclaim(id, why)?;
        self.task(id)
    }

    pub(super) fn unclaim(&self, id: &TaskId, why: Option<&str>) -> Result<(), GraphError> {
        let at = self.tick_of(id)?;
        self.conn.prepare_cached(queries::tasks::RELEASE)?.execute((id, at))?;
        self.record(at, id, EventKind::Released, json!({ "reason": why }))?;
        why.map_or(Ok(()), |why| self.note(id, &format!("claim released: {why}")))
    }

    /// Releases everything that a session holds.
    pub(super) fn release_all(&self, session: &str, why: &str) -> Result<Vec<Named>, GraphError> {
        let held = self.ids(queries::tasks::HELD, session)?;
        held.iter().for_each(|id| self.set_allowed(id));
        held.iter().map(|id| self.unclaim(id, Some(why)).and_then(|()| self.named(id))).collect()
    }

    pub(super) fn ids(&self, sql: &str, session: &str) -> Result<Vec<TaskId>, GraphError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        self.all(&mut statement, [session], "task", |row| row.get(0))
    }

    pub(super) fn named(&self, id: &TaskId) -> Result<Named, GraphError> {
        self.task(id).map(|task| Named { id: task.id, title: task.title, status: task.status })
    }

    /// An error where somebody of another name works on the task.
    pub(super) fn refuse_others(&self, task: &Task) -> Result<(), GraphError> {
        let mine = task.session.is_some() && task.session == self.session_id();
        let same_name = task.assignee.as_ref() == Some(&self.actor.name);
        if task.status != Status::InProgress || mine || same_name {
            return Ok(());
        }
        let now = self.clock.get();
        Err(self.taken(task.clone(), now)?)
    }

    fn taken(&self, task: Task, now: Timestamp) -> Result<GraphError, GraphError> {
        let stale = self.holder_is_stale(&task, now, STALE_AFTER)?;
        let since = task.claimed_at.map_or_else(|| "some time ago".to_owned(), |at| format!("{} ago", at.age(now)));
        let mine = self.session_id().filter(|session| Some(session) == task.session.as_ref());
        Ok(match mine {
            Some(session) => GraphError::TakenByYou { id: task.id, session: line(&session, 60), since },
            None => {
                let holder = task.assignee.map_or_else(|| "somebody".to_owned(), |name| line(&name, 60));
                GraphError::Taken { id: task.id, holder, since, stale }
            }
        })
    }

    fn holder_is_stale(&self, task: &Task, now: Timestamp, after: Duration) -> Result<bool, GraphError> {
        match &task.session {
            Some(session) => Ok(self.session_if_readable(session)?.is_none_or(|session| session.is_stale(now, after))),
            None => Ok(true),
        }
    }
}
