//! Commits that name the tasks that they are for.

use serde_json::json;

use crate::graph::error::GraphError;
use crate::graph::model::event::{Commit, EventKind};
use crate::graph::model::id::{self, TaskId};
use crate::graph::model::session::Actor;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::tasks;
use crate::graph::store::{Reader, Store, Writer, rows};

/// What a commit says, as a stranger wrote it: lengths are bounded where it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    pub commit: String,
    pub title: String,
    /// What it names, which may be no task.
    pub tasks: Vec<String>,
}

impl Store {
    /// Records at each task the commits of a run that name it, once, where the rules of the run let its agent write a note.
    pub fn record_commits(&self, run: &Actor, commits: &[Naming], now: Timestamp) -> Result<(), GraphError> {
        self.write(run, now, |writer| {
            for naming in commits {
                for typed in &naming.tasks {
                    writer.record_commit(typed, naming)?;
                }
            }
            Ok(())
        })
    }
}

impl Writer<'_> {
    fn record_commit(&self, typed: &str, naming: &Naming) -> Result<(), GraphError> {
        let Some(id) = self.named_whole(typed)? else { return Ok(()) };
        match self.allow_note(&id) {
            Err(GraphError::Refused { .. }) => return Ok(()),
            allowed => allowed?,
        }
        if self.conn.prepare_cached(tasks::HAS_COMMIT)?.exists((&id, &naming.commit))? {
            return Ok(());
        }
        let at = self.tick_of(&id)?;
        self.touch(&id, at)?;
        self.record(at, &id, EventKind::Committed, json!({ "commit": naming.commit, "title": naming.title }))
    }
}

impl Reader<'_> {
    /// The task of which somebody wrote the whole id: nobody is asked which one was meant.
    fn named_whole(&self, typed: &str) -> Result<Option<TaskId>, GraphError> {
        match self.lookup(typed) {
            Ok(found) => {
                let whole =
                    found.as_str() == id::prefix(typed) || self.called_elsewhere(typed)?.as_ref() == Some(&found);
                Ok(Some(found).filter(|_| whole))
            }
            Err(GraphError::Unknown { .. } | GraphError::Ambiguous { .. } | GraphError::Invalid(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn commits(&self, id: &TaskId) -> Result<Vec<Commit>, GraphError> {
        self.all(&mut *self.conn.prepare_cached(tasks::COMMITS)?, [id], "a commit of", rows::commit)
    }
}
