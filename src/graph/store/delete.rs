//! Deleting leaves a tombstone: the id stays taken, and everything can come back.

use serde_json::json;

use crate::graph::error::GraphError;
use crate::graph::model::event::EventKind;
use crate::graph::model::id::TaskId;
use crate::graph::model::task::Task;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries;
use crate::graph::store::Writer;

impl Writer<'_> {
    /// Puts a task out of every list. It blocks nothing any more.
    pub fn delete(&self, id: &TaskId, force: bool) -> Result<Task, GraphError> {
        let task = self.living(id)?;
        if !force {
            self.refuse_others(&task)?;
        }
        self.allow_delete(id)?;
        self.bury(id)?;
        self.task(id)
    }

    pub(super) fn bury(&self, id: &TaskId) -> Result<(), GraphError> {
        let at = self.tick_of(id)?;
        self.set_deleted(id, Some(at), at)?;
        self.record(at, id, EventKind::Deleted, json!({}))
    }

    /// Brings a deleted task back as it was.
    pub fn undelete(&self, id: &TaskId) -> Result<Task, GraphError> {
        if self.task(id)?.deleted_at.is_none() {
            return Err(GraphError::Invalid(format!("{id} is not deleted")));
        }
        self.allow_delete(id)?;
        let at = self.tick_of(id)?;
        self.set_deleted(id, None, at)?;
        self.record(at, id, EventKind::Undeleted, json!({}))?;
        self.task(id)
    }

    fn set_deleted(&self, id: &TaskId, deleted: Option<Timestamp>, at: Timestamp) -> Result<(), GraphError> {
        self.conn.prepare_cached(queries::tasks::SET_DELETED)?.execute((id, deleted, at))?;
        self.rank(id)?;
        self.index_words(id)
    }
}
