//! Changes of what a task says.

use rusqlite::ToSql;
use serde_json::{Map, Value, json};

use crate::graph::error::GraphError;
use crate::graph::model::event::EventKind;
use crate::graph::model::fields::FIELDS;
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
        self.allow_change(&old)?;
        let at = self.tick_of(id)?;
        self.set_columns(id, &old, change)?;
        change.add_tags.iter().try_for_each(|tag| self.add_tag(id, tag))?;
        change.remove_tags.iter().try_for_each(|tag| self.remove_tag(id, tag))?;
        if let Some(parent) = &change.parent {
            self.set_parent(id, old.parent.as_ref(), parent)?;
        }
        if change.priority.is_some_and(|priority| priority != old.priority) {
            self.rank(id)?;
        }
        self.index_words(id)?;
        let differences = differences(&old, &self.task(id)?);
        if !differences.is_empty() {
            self.touch(id, at)?;
            self.record(at, id, EventKind::Updated, Value::Object(differences))?;
        }
        self.task(id)
    }

    fn set_columns(&self, id: &TaskId, old: &Task, change: &Change) -> Result<(), GraphError> {
        let title = change.title.as_deref().map(task::title).transpose().map_err(GraphError::Invalid)?;
        let assignee = change.assignee.as_ref().map(|name| Some(name).filter(|name| !name.is_empty()));
        let mut fields = old.fields.clone();
        fields.apply(&change.fields);
        let mut columns: Vec<(&str, &dyn ToSql)> = Vec::new();
        columns.extend(title.as_ref().map(|title| ("title", title as _)));
        columns.extend(change.description.as_ref().map(|text| ("description", text as _)));
        columns.extend(change.task_type.as_ref().map(|kind| ("type", kind as _)));
        columns.extend(change.priority.as_ref().map(|priority| ("priority", priority as _)));
        columns.extend(assignee.as_ref().map(|name| ("assignee", name as _)));
        let values: Vec<_> = fields.iter().map(|(field, value)| (field.name, value)).collect();
        if !change.fields.is_empty() {
            columns.extend(values.iter().map(|(name, value)| (*name, value as _)));
        }
        if columns.is_empty() {
            return Ok(());
        }
        let (names, mut values): (Vec<&str>, Vec<&dyn ToSql>) = columns.into_iter().unzip();
        values.push(id);
        self.conn.prepare_cached(&queries::tasks::update(&names))?.execute(&*values)?;
        Ok(())
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

    /// Ranks a task and all below it anew: after a change of its priority, its parent, or whether it is unfinished.
    pub(super) fn rank(&self, id: &TaskId) -> Result<(), GraphError> {
        self.conn.prepare_cached(queries::tasks::RANK)?.execute([id])?;
        Ok(())
    }

    pub(super) fn touch(&self, id: &TaskId, at: Timestamp) -> Result<(), GraphError> {
        self.conn.prepare_cached(queries::tasks::TOUCH)?.execute((id, at))?;
        Ok(())
    }
}

/// Per field that changed: what was, and what is. A new parent is told by its link.
fn differences(old: &Task, new: &Task) -> Map<String, Value> {
    let (old, new) = (json!(old), json!(new));
    let fields = ["title", "description", "type", "priority", "assignee", "tags"];
    let fields = fields.into_iter().chain(FIELDS.iter().map(|field| field.name));
    let changed = fields.filter(|field| old[field] != new[field]);
    changed.map(|field| (field.to_owned(), json!([old[field], new[field]]))).collect()
}
