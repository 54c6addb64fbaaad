//! From what was typed to the task that is meant.

use crate::graph::error::GraphError;
use crate::graph::model::event::{Commit, Note};
use crate::graph::model::id::{self, TaskId};
use crate::graph::model::link::Neighbour;
use crate::graph::model::outline::Progress;
use crate::graph::model::task::{Named, Task};
use crate::graph::queries;
use crate::graph::store::{Reader, rows};
use crate::near::is_slip;

/// How many candidates an ambiguous id is answered with.
const CANDIDATES: usize = 8;
/// How many are named that may have been meant.
const MEANT: usize = 3;

/// Everything about one task.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Detail {
    #[serde(flatten)]
    pub task: Task,
    pub links: Vec<Neighbour>,
    pub notes: Vec<Note>,
    /// Whose messages name it, the latest first.
    #[serde(default)]
    pub commits: Vec<Commit>,
    /// What other trackers call it.
    pub imported_from: Vec<String>,
    /// How far its children are.
    pub progress: Option<Progress>,
}

impl Reader<'_> {
    /// The task whose id is, or starts with, what was typed. Where there is none, those that may have been meant are named.
    pub fn resolve(&self, typed: &str) -> Result<TaskId, GraphError> {
        match self.lookup(typed) {
            Err(GraphError::Unknown { what, id }) => Err(match self.nearly(typed)? {
                none if none.is_empty() => GraphError::Unknown { what, id },
                meant => GraphError::Misspelt { id, meant },
            }),
            found => found,
        }
    }

    /// The first few tasks whose ids are a slip of the fingers away.
    fn nearly(&self, typed: &str) -> Result<Vec<TaskId>, GraphError> {
        let prefix = id::prefix(typed);
        let Some(typed) = prefix.strip_prefix(id::PREFIX) else { return Ok(Vec::new()) };
        let mut statement = self.conn.prepare_cached(queries::tasks::IDS)?;
        let ids = statement.query_map((), |row| row.get(0))?;
        let near = |id: &Result<TaskId, _>| {
            id.as_ref().is_ok_and(|id| id.as_str().strip_prefix(id::PREFIX).is_some_and(|id| is_slip(typed, id)))
        };
        Ok(ids.filter(near).take(MEANT).collect::<Result<_, _>>()?)
    }

    /// A whole id wins over longer ones that start with it.
    pub(super) fn lookup(&self, typed: &str) -> Result<TaskId, GraphError> {
        if typed.trim().is_empty() {
            return Err(GraphError::Invalid("a task's id is missing".to_owned()));
        }
        let prefix = id::prefix(typed);
        let end = format!("{prefix}\u{7f}");
        let mut statement = self.conn.prepare_cached(queries::tasks::IDS_FROM)?;
        let found = statement.query_map((&prefix, end, CANDIDATES + 1), |row| row.get(0))?;
        let mut candidates = found.collect::<Result<Vec<TaskId>, _>>()?;
        if candidates.is_empty() {
            if let Some(id) = self.called_elsewhere(typed.trim())? {
                return Ok(id);
            }
            return Err(GraphError::Unknown { what: "task", id: typed.trim().to_owned() });
        }
        if candidates.len() == 1 || candidates[0].as_str() == prefix {
            return Ok(candidates.swap_remove(0));
        }
        let more = candidates.len() > CANDIDATES;
        candidates.truncate(CANDIDATES);
        Err(GraphError::Ambiguous { prefix: typed.trim().to_owned(), candidates, more })
    }

    /// The task that has this id, deleted or not.
    pub fn task(&self, id: &TaskId) -> Result<Task, GraphError> {
        let sql = format!("{} FROM tasks t WHERE t.id = ?1", queries::tasks::select());
        let found = self.one(&mut *self.conn.prepare_cached(&sql)?, [id], "task", rows::task)?;
        found.ok_or_else(|| GraphError::Unknown { what: "task", id: id.to_string() })
    }

    /// The task, unless it is deleted.
    pub fn living(&self, id: &TaskId) -> Result<Task, GraphError> {
        let task = self.task(id)?;
        if task.deleted_at.is_some() { Err(GraphError::Deleted { id: task.id }) } else { Ok(task) }
    }

    /// The task with its links and notes.
    pub fn detail(&self, id: &TaskId) -> Result<Detail, GraphError> {
        let task = self.task(id)?;
        let imported_from = self.names_elsewhere(id)?;
        let progress = self.progress(id)?;
        let (links, notes, commits) = (self.links_of(id)?, self.notes(id)?, self.commits(id)?);
        Ok(Detail { imported_from, progress, task, links, notes, commits })
    }

    pub(super) fn notes(&self, id: &TaskId) -> Result<Vec<Note>, GraphError> {
        let mut statement = self.conn.prepare_cached(queries::tasks::NOTES)?;
        self.all(&mut statement, [id], "a note of", rows::note)
    }

    /// The unfinished tasks that this one waits for.
    pub fn dependencies(&self, id: &TaskId) -> Result<Vec<Named>, GraphError> {
        self.live_targets(id, "depends_on", None)
    }

    /// Unfinished tasks at the other end of a task's links: what it depends on, or its children. What was closed in a run is
    /// finished for that run.
    pub(super) fn live_targets(&self, id: &TaskId, link: &str, run: Option<&str>) -> Result<Vec<Named>, GraphError> {
        let mut statement = self.conn.prepare_cached(queries::tasks::LIVE_TARGETS)?;
        self.all(&mut statement, (id, link, CANDIDATES, run), "task", rows::named)
    }
}
