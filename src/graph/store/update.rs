//! Changes of what a task says.

use serde_json::{Map, Value, json};

use crate::graph::error::GraphError;
use crate::graph::model::event::EventKind;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::LinkType;
use crate::graph::model::task::{self, Change, Task};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries;
use crate::graph::store::Writer;

impl Writer<'_> {
    /// Makes the change, and records per field what was and what is. Without a difference nothing is recorded.
    pub fn update(&self, id: &TaskId, change: &Change) -> Result<Task, GraphError> {
        let old = self.living(id)?;
        let at = self.tick_of(id)?;
        let title = change.title.as_deref().map(task::title).transpose().map_err(GraphError::Invalid)?;
        let assignee = change.assignee.clone().map(|name| Some(name).filter(|name| !name.is_empty()));
        self.conn.prepare_cached(queries::tasks::UPDATE)?.execute((
            id,
            title.as_ref().unwrap_or(&old.title),
            change.description.as_ref().unwrap_or(&old.description),
            change.task_type.unwrap_or(old.task_type),
            change.priority.unwrap_or(old.priority),
            assignee.as_ref().unwrap_or(&old.assignee),
            old.updated_at,
        ))?;
        change.add_tags.iter().try_for_each(|tag| self.add_tag(id, tag))?;
        change.remove_tags.iter().try_for_each(|tag| self.remove_tag(id, tag))?;
        if let Some(parent) = &change.parent {
            self.set_parent(id, old.parent.as_ref(), parent)?;
        }
        self.index_letters(id)?;
        let differences = differences(&old, &self.task(id)?);
        if !differences.is_empty() {
            self.touch(id, at)?;
            self.record(at, id, EventKind::Updated, Value::Object(differences))?;
        }
        self.task(id)
    }

    fn set_parent(&self, id: &TaskId, old: Option<&TaskId>, new: &str) -> Result<(), GraphError> {
        let new = if new.is_empty() { None } else { Some(self.resolve(new)?) };
        if old == new.as_ref() {
            return Ok(());
        }
        if let Some(old) = old {
            self.unlink(old, LinkType::ParentOf, id)?;
        }
        match new {
            Some(new) => self.link(&new, LinkType::ParentOf, id).map(drop),
            None => Ok(()),
        }
    }

    pub(super) fn touch(&self, id: &TaskId, at: Timestamp) -> Result<(), GraphError> {
        self.conn.prepare_cached(queries::tasks::TOUCH)?.execute((id, at))?;
        Ok(())
    }
}

/// Per field that changed: what was, and what is. A new parent is told by its link.
fn differences(old: &Task, new: &Task) -> Map<String, Value> {
    let fields = [
        ("title", json!(old.title), json!(new.title)),
        ("description", json!(old.description), json!(new.description)),
        ("type", json!(old.task_type), json!(new.task_type)),
        ("priority", json!(old.priority), json!(new.priority)),
        ("assignee", json!(old.assignee), json!(new.assignee)),
        ("tags", json!(old.tags), json!(new.tags)),
    ];
    let changed = fields.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(field, old, new)| (field.to_owned(), json!([old, new]))).collect()
}
