//! What other trackers call the tasks that were imported from them.

use rusqlite::OptionalExtension;

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::record::Origin;
use crate::graph::queries;
use crate::graph::store::{Reader, Writer};

impl Reader<'_> {
    /// What is remembered of another tracker's task.
    pub(super) fn origin(&self, source: &str, foreign_id: &str) -> Result<Option<Origin>, GraphError> {
        let mut statement = self.conn.prepare_cached(queries::origins::FIND)?;
        Ok(statement.query_row((source, foreign_id), origin).optional()?)
    }

    /// The one task that some tracker calls so.
    pub(super) fn called_elsewhere(&self, foreign_id: &str) -> Result<Option<TaskId>, GraphError> {
        let mut statement = self.conn.prepare_cached(queries::origins::CALLED)?;
        let mut found = self.all(&mut statement, [foreign_id], "the origin of", |row| row.get(0))?;
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    /// What other trackers call a task: `beads:shop-a3f8.1`.
    pub(super) fn names_elsewhere(&self, id: &TaskId) -> Result<Vec<String>, GraphError> {
        let mut statement = self.conn.prepare_cached(queries::origins::OF_TASK)?;
        let name = |row: &rusqlite::Row| {
            Ok(format!("{}:{}", row.get::<_, String>("source")?, row.get::<_, String>("foreign_id")?))
        };
        self.all(&mut statement, [id], "the origin of", name)
    }
}

impl Writer<'_> {
    pub(super) fn remember(&self, origin: &Origin) -> Result<bool, GraphError> {
        let values = (&origin.source, &origin.foreign_id, &origin.task, &origin.fingerprint);
        Ok(self.conn.prepare_cached(queries::origins::PUT)?.execute(values)? == 1)
    }
}

/// What is remembered of another tracker's task, of its row.
pub fn origin(row: &rusqlite::Row) -> rusqlite::Result<Origin> {
    Ok(Origin {
        source: row.get("source")?,
        foreign_id: row.get("foreign_id")?,
        task: row.get("task")?,
        fingerprint: row.get("fingerprint")?,
    })
}
