//! New tasks.

use rusqlite::ToSql;
use serde_json::json;

use crate::graph::error::GraphError;
use crate::graph::model::event::EventKind;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::LinkType;
use crate::graph::model::task::{self, NewTask};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries;
use crate::graph::store::Writer;

impl Writer<'_> {
    /// Adds a task with its tags and links, and returns its id.
    pub fn create(&self, new: &NewTask) -> Result<TaskId, GraphError> {
        let title = task::title(&new.title).map_err(GraphError::Invalid)?;
        self.allow_new(new.parent.as_deref())?;
        let at = self.tick();
        let id = self.insert(new, &title, at)?;
        self.set_allowed(&id);
        self.index_words(&id)?;
        self.record(at, &id, EventKind::Created, json!({ "title": title }))?;
        for tag in &new.tags {
            self.add_tag(&id, tag)?;
        }
        self.link_new(&id, new)?;
        Ok(id)
    }

    fn link_new(&self, id: &TaskId, new: &NewTask) -> Result<(), GraphError> {
        if let Some(parent) = &new.parent {
            self.link(&self.resolve(parent)?, LinkType::ParentOf, id)?;
        }
        for dependency in &new.depends_on {
            self.link(id, LinkType::DependsOn, &self.resolve(dependency)?)?;
        }
        for dependent in &new.blocks {
            self.link(id, LinkType::Blocks, &self.resolve(dependent)?)?;
        }
        if let Some(origin) = &new.discovered_from {
            self.link(id, LinkType::DiscoveredFrom, &self.resolve(origin)?)?;
        }
        Ok(())
    }

    /// Under a random id. Where another task has it already, under another.
    fn insert(&self, new: &NewTask, title: &str, at: Timestamp) -> Result<TaskId, GraphError> {
        let mut tasks: u64 = self.conn.query_row("SELECT coalesce(max(seq), 0) FROM tasks", [], |row| row.get(0))?;
        let assignee = new.assignee.as_deref().filter(|name| !name.is_empty());
        let mut columns: Vec<(&str, &dyn ToSql)> = vec![
            ("title", &title),
            ("description", &new.description),
            ("type", &new.task_type),
            ("priority", &new.priority),
            ("effective_priority", &new.priority),
            ("assignee", &assignee),
            ("created_by", &self.actor.name),
            ("created_at", &at),
            ("updated_at", &at),
        ];
        let fields: Vec<_> = new.fields.iter().map(|(field, value)| (field.name, value)).collect();
        columns.extend(fields.iter().filter(|(_, value)| value.is_some()).map(|(name, value)| (*name, value as _)));
        let (mut names, values): (Vec<&str>, Vec<&dyn ToSql>) = columns.into_iter().unzip();
        names.push("id");
        let mut statement = self.conn.prepare_cached(&queries::tasks::insert(&names))?;
        loop {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes)?;
            let id = TaskId::random(tasks, bytes);
            if statement.execute(&*[&*values, &[&id]].concat())? == 1 {
                return Ok(id);
            }
            // As if the graph were larger: the next id is longer before long.
            tasks = tasks.saturating_mul(2).max(1);
        }
    }

    pub(super) fn add_tag(&self, id: &TaskId, tag: &str) -> Result<(), GraphError> {
        let tag = task::tag(tag).map_err(GraphError::Invalid)?;
        let sql = "INSERT INTO tags (task, tag) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.conn.prepare_cached(sql)?.execute((id, tag))?;
        Ok(())
    }

    pub(super) fn remove_tag(&self, id: &TaskId, tag: &str) -> Result<(), GraphError> {
        let tag = task::tag(tag).map_err(GraphError::Invalid)?;
        self.conn.prepare_cached("DELETE FROM tags WHERE task = ?1 AND tag = ?2")?.execute((id, tag))?;
        Ok(())
    }
}
