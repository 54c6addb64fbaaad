//! What export wrote, read again: what is new is added, the newer of two records wins, and a second time changes nothing.

use std::collections::HashSet;
use std::fmt;

use rusqlite::params;
use serde::Serialize;

use crate::graph::error::GraphError;
use crate::graph::model::circle;
use crate::graph::model::event::{Event, EventKind};
use crate::graph::model::id::TaskId;
use crate::graph::model::link::{Link, LinkType};
use crate::graph::model::record::{Record, TaskRecord};
use crate::graph::model::session::Session;
use crate::graph::queries::{events, links, records};
use crate::graph::store::{Writer, rows};

/// How much was new, or newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub tasks_added: u64,
    pub tasks_updated: u64,
    pub tasks_unchanged: u64,
    pub links_added: u64,
    /// Links to a second parent: the task keeps the one it has.
    pub links_refused: u64,
    pub events_added: u64,
    pub sessions_added: u64,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Imported: {} tasks new, {} newer, {} as they were; {} links, {} events and {} sessions new",
            self.tasks_added,
            self.tasks_updated,
            self.tasks_unchanged,
            self.links_added,
            self.events_added,
            self.sessions_added
        )?;
        if self.links_refused > 0 {
            write!(f, "; {} links to a second parent left out", self.links_refused)?;
        }
        Ok(())
    }
}

impl Writer<'_> {
    /// Sessions first, then tasks, links and events, whatever order the lines have.
    pub fn import(&self, lines: &[Record]) -> Result<Imported, GraphError> {
        let mut imported = Imported::default();
        for session in
            lines.iter().filter_map(|line| if let Record::Session(session) = line { Some(session) } else { None })
        {
            self.import_session(session, &mut imported)?;
        }
        for task in lines.iter().filter_map(|line| if let Record::Task(task) = line { Some(task) } else { None }) {
            self.import_task(task, &mut imported)?;
        }
        for link in lines.iter().filter_map(|line| if let Record::Link(link) = line { Some(link) } else { None }) {
            self.import_link(link, &mut imported)?;
        }
        if imported.links_added > 0 {
            self.refuse_any_circle()?;
        }
        let new_events =
            lines.iter().filter_map(|line| if let Record::Event(event) = line { Some(event) } else { None });
        self.import_events(new_events.collect(), &mut imported)?;
        Ok(imported)
    }

    fn import_session(&self, session: &Session, imported: &mut Imported) -> Result<(), GraphError> {
        let is_new = self.session(&session.id)?.is_none();
        self.conn.prepare_cached(records::PUT_SESSION)?.execute((
            &session.id,
            &session.name,
            &session.agent_type,
            &session.container,
            &session.place,
            session.started_at,
            session.seen_at,
            session.ended_at,
            &session.end_reason,
            &session.summary,
        ))?;
        imported.sessions_added += u64::from(is_new);
        Ok(())
    }

    fn import_task(&self, task: &TaskRecord, imported: &mut Imported) -> Result<(), GraphError> {
        let is_new = !self.exists(&task.id)?;
        let values = params![
            task.id,
            task.title,
            task.description,
            task.task_type,
            task.priority,
            task.status,
            task.assignee,
            task.session,
            task.claimed_at,
            task.created_by,
            task.created_at,
            task.updated_at,
            task.closed_by,
            task.closed_session,
            task.closed_at,
            task.closed_reason,
            task.deleted_at,
            task.lands_with,
        ];
        let changed = self.conn.prepare_cached(records::PUT_TASK)?.execute(values)? == 1;
        if changed {
            self.conn.prepare_cached("DELETE FROM tags WHERE task = ?1")?.execute([&task.id])?;
            task.tags.iter().try_for_each(|tag| self.add_tag(&task.id, tag))?;
            self.index_letters(&task.id)?;
        }
        match (is_new, changed) {
            (true, _) => imported.tasks_added += 1,
            (false, true) => imported.tasks_updated += 1,
            (false, false) => imported.tasks_unchanged += 1,
        }
        Ok(())
    }

    fn exists(&self, id: &TaskId) -> Result<bool, GraphError> {
        Ok(self.conn.prepare_cached("SELECT 1 FROM tasks WHERE id = ?1")?.exists([id])?)
    }

    fn import_link(&self, link: &Link, imported: &mut Imported) -> Result<(), GraphError> {
        let link = Link::new(link.source.clone(), link.link_type, link.target.clone());
        for end in [&link.source, &link.target] {
            if !self.exists(end)? {
                return Err(GraphError::Unknown { what: "task", id: end.to_string() });
            }
        }
        if link.source == link.target {
            return Err(GraphError::SelfLink { id: link.source });
        }
        let values = (&link.source, link.link_type, &link.target);
        if self.conn.prepare_cached(links::ADD)?.execute(values)? == 1 {
            imported.links_added += 1;
        } else if !self.conn.prepare_cached(links::EXISTS)?.exists(values)? {
            imported.links_refused += 1;
        }
        Ok(())
    }

    fn refuse_any_circle(&self) -> Result<(), GraphError> {
        match self.any_circle()? {
            Some(path) => Err(GraphError::Cycle { path }),
            None => Ok(()),
        }
    }

    fn import_events(&self, new: Vec<&Event>, imported: &mut Imported) -> Result<(), GraphError> {
        if new.is_empty() {
            return Ok(());
        }
        let mut known = HashSet::new();
        let mut statement = self.conn.prepare(&events::in_order())?;
        for event in self.all(&mut statement, [], "the event of", rows::event)? {
            known.insert(fingerprint(&event));
        }
        for event in new {
            if known.insert(fingerprint(event)) {
                self.put_event(event)?;
                if let (EventKind::Noted, Some(task)) = (event.kind, &event.task) {
                    self.index_letters(task)?;
                }
                imported.events_added += 1;
            }
        }
        Ok(())
    }
}

/// Two events that agree in everything are one.
fn fingerprint(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_else(|_| format!("{event:?}"))
}

impl super::Reader<'_> {
    /// A circle among the links that must not make one.
    pub(super) fn any_circle(&self) -> Result<Option<Vec<TaskId>>, GraphError> {
        for link_type in [LinkType::DependsOn, LinkType::DiscoveredFrom, LinkType::Duplicates] {
            let mut edges = Vec::new();
            for member in link_type.family() {
                let mut statement = self.conn.prepare_cached("SELECT source, target FROM links WHERE type = ?1")?;
                edges.extend(self.all(&mut statement, [member], "a link of", |row| Ok((row.get(0)?, row.get(1)?)))?);
            }
            if let Some(path) = circle::find(&edges) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}
