//! What an agent reads first: a page of the graph, as long for 100,000 tasks as for 10.

use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::session::{STALE_AFTER, Session};
use crate::graph::model::task::{Priority, Task};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::filter::{Filter, Sort, State};
use crate::graph::queries::sessions;
use crate::graph::store::{Counts, Listed, Reader, Registered, rows};

const IN_PROGRESS: usize = 8;
const READY: usize = 10;
const DONE: usize = 5;
const SUMMARIES: usize = 3;

/// Everything on the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Overview {
    pub project: Option<String>,
    pub you: Registered,
    pub counts: Counts,
    /// Longest held first.
    pub in_progress: Vec<Held>,
    pub ready: Listed,
    /// Last first.
    pub done: Vec<Done>,
    pub summaries: Vec<Summary>,
}

/// A task in somebody's hands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub id: TaskId,
    pub title: String,
    pub priority: Priority,
    pub agent: Option<String>,
    pub session: Option<String>,
    pub container: Option<String>,
    pub since: Option<Timestamp>,
    /// May be taken over.
    pub stale: bool,
}

/// A task that was just finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub id: TaskId,
    pub title: String,
    pub by: Option<String>,
    pub at: Option<Timestamp>,
    pub reason: Option<String>,
}

/// What an agent said when it left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub name: String,
    pub session: String,
    pub at: Option<Timestamp>,
    pub summary: String,
}

impl Reader<'_> {
    /// The page for an agent that has just registered.
    pub fn overview(&self, you: Registered, run: Option<&str>, now: Timestamp) -> Result<Overview, GraphError> {
        let done = Filter { states: vec![State::Done], sort: Sort::Closed, ..Filter::default() };
        let counts = self.counts(now)?;
        Ok(Overview {
            project: self.project()?,
            counts,
            in_progress: self.in_progress(now, IN_PROGRESS)?,
            ready: self.ready(&Filter::ready(), READY, run, now)?,
            done: self.tasks(&done, DONE, now)?.into_iter().map(Done::from).collect(),
            summaries: self.summaries(SUMMARIES)?,
            you,
        })
    }

    /// What is in whose hands, longest held first.
    pub fn in_progress(&self, now: Timestamp, limit: usize) -> Result<Vec<Held>, GraphError> {
        let filter = Filter { states: vec![State::InProgress], sort: Sort::Claimed, ..Filter::default() };
        self.tasks(&filter, limit, now)?.into_iter().map(|task| self.held(task, now)).collect()
    }

    fn held(&self, task: Task, now: Timestamp) -> Result<Held, GraphError> {
        let session = task.session.as_deref().map(|id| self.session_if_readable(id)).transpose()?.flatten();
        Ok(Held {
            id: task.id,
            title: task.title,
            priority: task.priority,
            agent: task.assignee,
            session: task.session,
            container: session.as_ref().and_then(|session| session.container.clone()),
            since: task.claimed_at,
            stale: session.is_none_or(|session| session.is_stale(now, STALE_AFTER)),
        })
    }

    fn summaries(&self, limit: usize) -> Result<Vec<Summary>, GraphError> {
        let mut statement = self.conn.prepare_cached(&sessions::last_summaries())?;
        let found: Vec<Session> = self.all(&mut statement, [limit], "session", rows::session)?;
        Ok(found.into_iter().map(Summary::from).collect())
    }
}

impl From<Task> for Done {
    fn from(task: Task) -> Self {
        Self { id: task.id, title: task.title, by: task.closed_by, at: task.closed_at, reason: task.closed_reason }
    }
}

impl From<Session> for Summary {
    fn from(session: Session) -> Self {
        Self {
            name: session.name,
            session: session.id,
            at: session.ended_at,
            summary: session.summary.unwrap_or_default(),
        }
    }
}
