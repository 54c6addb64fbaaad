//! Lists of tasks.

use rusqlite::{OptionalExtension, params_from_iter};

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::task::{Brief, Task};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::filter::{Bind, Filter, Pieces};
use crate::graph::queries::{counts, tasks};
use crate::graph::store::{Reader, rows};

/// The top of a list, and how long the whole of it is: counted up to `counts::ENOUGH`.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Listed {
    pub tasks: Vec<Brief>,
    pub total: u64,
}

/// How many tasks there are to work on, each counted up to `counts::ENOUGH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    pub ready: u64,
    pub deferred: u64,
    pub blocked: u64,
    pub in_progress: u64,
    pub landing: u64,
}

impl Reader<'_> {
    /// The first `limit` tasks that the filter lets through; 0 for all of them.
    pub fn list(&self, filter: &Filter, limit: usize, now: Timestamp) -> Result<Listed, GraphError> {
        let tasks = self.tasks(filter, limit, now)?;
        let all = (limit == 0 || tasks.len() < limit) && self.unread.borrow().is_empty();
        let total = if all { tasks.len() as u64 } else { self.count(filter, now)? };
        Ok(Listed { tasks: tasks.into_iter().map(Brief::from).collect(), total })
    }

    /// The same, with all that is known about each task itself.
    pub fn tasks(&self, filter: &Filter, limit: usize, now: Timestamp) -> Result<Vec<Task>, GraphError> {
        let pieces = self.pieces(filter, now)?;
        let sql =
            format!("{} FROM tasks t WHERE {} ORDER BY {} LIMIT ?", tasks::select(), pieces.condition, pieces.order);
        let limit = if limit == 0 { i64::MAX } else { i64::try_from(limit).unwrap_or(i64::MAX) };
        let binds = pieces.binds.into_iter().chain([Bind::Number(limit)]);
        let mut statement = self.conn.prepare(&sql)?;
        self.all(&mut statement, params_from_iter(binds), "task", rows::task)
    }

    fn pieces(&self, filter: &Filter, now: Timestamp) -> Result<Pieces, GraphError> {
        let parent = filter.parent.as_deref().map(|typed| self.resolve(typed)).transpose()?;
        Ok(filter.pieces(parent.as_ref(), now))
    }

    fn count(&self, filter: &Filter, now: Timestamp) -> Result<u64, GraphError> {
        let pieces = self.pieces(filter, now)?;
        Ok(self.conn.query_row(&counts::of(&pieces.condition), params_from_iter(pieces.binds), |row| row.get(0))?)
    }

    /// What can be worked on now: by anybody, and in this run, where it closed what stood in the way.
    pub fn ready(
        &self,
        filter: &Filter,
        limit: usize,
        run: Option<&str>,
        now: Timestamp,
    ) -> Result<Listed, GraphError> {
        let mut listed = self.list(filter, limit, now)?;
        let Some(run) = run else { return Ok(listed) };
        let unlocked = self.tasks(&Filter { unlocked_for: Some(run.to_owned()), ..filter.clone() }, limit, now)?;
        listed.total += unlocked.len() as u64;
        listed.tasks.extend(unlocked.into_iter().map(Brief::from));
        listed.tasks.sort_by_key(|task| {
            (task.effective_priority, std::cmp::Reverse(task.unblocks), task.created_at, task.id.clone())
        });
        listed.tasks.truncate(if limit == 0 { usize::MAX } else { limit });
        Ok(listed)
    }

    /// The best of those.
    pub(super) fn best(
        &self,
        filter: &Filter,
        run: Option<String>,
        now: Timestamp,
    ) -> Result<Option<TaskId>, GraphError> {
        match run {
            None => self.first(filter, now),
            Some(run) => Ok(self.ready(filter, 1, Some(&run), now)?.tasks.pop().map(|task| task.id)),
        }
    }

    /// The first task that the filter lets through.
    fn first(&self, filter: &Filter, now: Timestamp) -> Result<Option<TaskId>, GraphError> {
        let pieces = self.pieces(filter, now)?;
        let sql = format!("SELECT t.id FROM tasks t WHERE {} ORDER BY {} LIMIT 1", pieces.condition, pieces.order);
        Ok(self.conn.query_row(&sql, params_from_iter(pieces.binds), |row| row.get(0)).optional()?)
    }

    pub fn counts(&self, now: Timestamp) -> Result<Counts, GraphError> {
        let read = |row: &rusqlite::Row| {
            Ok(Counts {
                ready: row.get("ready")?,
                deferred: row.get("deferred")?,
                blocked: row.get("blocked")?,
                in_progress: row.get("in_progress")?,
                landing: row.get("landing")?,
            })
        };
        Ok(self.conn.query_row(&counts::open(now), [], read)?)
    }

    /// What the graph calls itself.
    pub fn project(&self) -> Result<Option<String>, GraphError> {
        let sql = "SELECT value FROM meta WHERE key = 'project'";
        Ok(self.conn.query_row(sql, [], |row| row.get(0)).optional()?)
    }
}
