//! Who works here.

use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::session::{STALE_AFTER, Session};
use crate::graph::model::task::Named;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::{sessions, tasks};
use crate::graph::store::{Reader, rows};

/// A session, and what it has in hand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Agent {
    #[serde(flatten)]
    pub session: Session,
    /// Its claims may be taken over.
    pub stale: bool,
    pub tasks: Vec<Named>,
}

/// The top of a list of agents, and how long the whole of it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Agents {
    pub agents: Vec<Agent>,
    pub total: u64,
}

impl Reader<'_> {
    /// Those who are here, or all that ever were; the latest first.
    pub fn agents(&self, all: bool, limit: usize, now: Timestamp) -> Result<Agents, GraphError> {
        let limit = if limit == 0 { i64::MAX } else { i64::try_from(limit).unwrap_or(i64::MAX) };
        let mut statement = self.conn.prepare(&sessions::latest(all))?;
        let found = self.all(&mut statement, [limit], "session", rows::session)?;
        let total = self.conn.query_row(sessions::count(all), [], |row| row.get(0))?;
        let agents = found.into_iter().map(|session| self.agent(session, now)).collect::<Result<_, _>>()?;
        Ok(Agents { agents, total })
    }

    /// The agent whose session's id is, or starts with, what was typed.
    pub fn agent_called(&self, typed: &str, now: Timestamp) -> Result<Option<Agent>, GraphError> {
        self.session_called(typed)?.map(|session| self.agent(session, now)).transpose()
    }

    /// The session whose id is what was typed, or the only one whose id starts with it.
    pub(super) fn session_called(&self, typed: &str) -> Result<Option<Session>, GraphError> {
        let typed = typed.trim();
        if let Some(session) = self.session(typed)? {
            return Ok(Some(session));
        }
        let mut statement = self.conn.prepare(&sessions::starting_with())?;
        let mut found = self.all(&mut statement, (typed, format!("{typed}\u{10ffff}")), "session", rows::session)?;
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    fn agent(&self, session: Session, now: Timestamp) -> Result<Agent, GraphError> {
        let mut statement = self.conn.prepare_cached(tasks::HELD_NAMED)?;
        let tasks = self.all(&mut statement, [&session.id], "task", rows::named)?;
        Ok(Agent { stale: session.is_stale(now, STALE_AFTER), session, tasks })
    }
}
