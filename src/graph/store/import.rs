//! What export wrote, read again: what is new is added, the newer of two records wins, and a second time changes nothing.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use rusqlite::ToSql;
use serde::Serialize;

use crate::graph::error::GraphError;
use crate::graph::model::cycle;
use crate::graph::model::event::{Event, EventKind};
use crate::graph::model::foreign::issue::Issue;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::{Link, LinkType};
use crate::graph::model::record::{Numbered, Origin, Record, TaskRecord};
use crate::graph::model::session::Session;
use crate::graph::queries::{checks, events, links, records, tasks};
use crate::graph::store::{Writer, rows};

/// How much was new, or newer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub tasks_added: u64,
    pub tasks_updated: u64,
    pub tasks_unchanged: u64,
    pub links_added: u64,
    /// Links that were left out: to a second parent, to what is not there, and where they would close a cycle.
    pub links_refused: u64,
    pub events_added: u64,
    pub sessions_added: u64,
    /// Which links of another tracker were left out, and why.
    pub left_out: Vec<String>,
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
            write!(f, "; {} links left out", self.links_refused)?;
        }
        Ok(())
    }
}

/// Under this name the graph remembers foreign ids that came in its own format.
const FILE: &str = "file";

impl Imported {
    pub(super) fn leave_out(&mut self, issue: &Issue, link_type: LinkType, other: &str, why: &str) {
        self.links_refused += 1;
        self.left_out.push(format!("{}: {} {link_type} {other}: {why}", issue.place, issue.id));
    }
}

impl Writer<'_> {
    /// Sessions first, then tasks, links and events, whatever order the lines have. What is wrong is named by its line.
    pub fn import(&self, lines: &[Numbered]) -> Result<Imported, GraphError> {
        let mut imported = Imported::default();
        let ids = self.ours(lines)?;
        let records: Vec<Numbered> =
            lines.iter().map(|line| Numbered { line: line.line, record: renamed(&line.record, &ids) }).collect();
        for kind in 0..4 {
            for Numbered { line, record } in &records {
                let done = match (kind, record) {
                    (0, Record::Session(session)) => self.import_session(session, &mut imported),
                    (1, Record::Task(task)) => self.import_task(task, &mut imported),
                    (2, Record::Link(link)) => self.import_link(link, &mut imported),
                    (3, Record::Origin(origin)) => self.import_origin(origin),
                    _ => continue,
                };
                done.map_err(|error| at_line(error, *line))?;
            }
        }
        for (foreign_id, task) in &ids {
            let (source, foreign_id) = (FILE.to_owned(), foreign_id.to_string());
            self.remember(&Origin { source, foreign_id, task: task.clone(), fingerprint: String::new() })?;
        }
        if imported.links_added > 0 {
            self.refuse_any_cycle(&records)?;
        }
        let new_events =
            records.iter().filter_map(|line| if let Record::Event(event) = &line.record { Some(event) } else { None });
        self.import_events(new_events.collect(), &mut imported)?;
        self.conn.execute(records::RELEASE_UNHELD, [])?;
        self.conn.execute_batch(&checks::mend_ranks())?;
        Ok(imported)
    }

    /// The tasks of the file that have no id of ours, and the one that each has here.
    fn ours(&self, lines: &[Numbered]) -> Result<BTreeMap<TaskId, TaskId>, GraphError> {
        let mut ids: BTreeMap<TaskId, TaskId> = BTreeMap::new();
        for line in lines {
            let Record::Task(task) = &line.record else { continue };
            if task.id.is_well_formed() || ids.contains_key(&task.id) {
                continue;
            }
            let known = self.origin(FILE, task.id.as_str())?.map(|known| known.task);
            let mut id = known.map_or_else(|| self.free_id(), Ok)?;
            while ids.values().any(|taken| *taken == id) {
                id = self.free_id()?;
            }
            ids.insert(task.id.clone(), id);
        }
        Ok(ids)
    }

    fn import_origin(&self, origin: &Origin) -> Result<(), GraphError> {
        if !self.exists(&origin.task)? {
            return Err(GraphError::Unknown { what: "task", id: origin.task.to_string() });
        }
        self.remember(origin).map(drop)
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
        let changed = self.put_task(task)?;
        match (is_new, changed) {
            (true, _) => imported.tasks_added += 1,
            (false, true) => imported.tasks_updated += 1,
            (false, false) => imported.tasks_unchanged += 1,
        }
        Ok(())
    }

    /// Of two records of one task the newer one stays. Returns whether it is this one.
    pub(super) fn put_task(&self, task: &TaskRecord) -> Result<bool, GraphError> {
        let mut columns: Vec<(&str, &dyn ToSql)> = vec![
            ("id", &task.id),
            ("title", &task.title),
            ("description", &task.description),
            ("type", &task.task_type),
            ("priority", &task.priority),
            ("effective_priority", &task.priority),
            ("status", &task.status),
            ("assignee", &task.assignee),
            ("session", &task.session),
            ("claimed_at", &task.claimed_at),
            ("created_by", &task.created_by),
            ("created_at", &task.created_at),
            ("updated_at", &task.updated_at),
            ("closed_by", &task.closed_by),
            ("closed_session", &task.closed_session),
            ("closed_at", &task.closed_at),
            ("closed_reason", &task.closed_reason),
            ("deleted_at", &task.deleted_at),
            ("lands_with", &task.lands_with),
        ];
        let fields: Vec<_> = task.fields.iter().map(|(field, value)| (field.name, value)).collect();
        columns.extend(fields.iter().map(|(name, value)| (*name, value as &dyn ToSql)));
        let (names, values): (Vec<&str>, Vec<&dyn ToSql>) = columns.into_iter().unzip();
        let changed = self.conn.prepare_cached(&tasks::put(&names))?.execute(&*values)? == 1;
        if changed {
            self.conn.prepare_cached("DELETE FROM tags WHERE task = ?1")?.execute([&task.id])?;
            task.tags.iter().try_for_each(|tag| self.add_tag(&task.id, tag))?;
            self.index_words(&task.id)?;
        }
        Ok(changed)
    }

    pub(super) fn exists(&self, id: &TaskId) -> Result<bool, GraphError> {
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

    /// Names the line of a link that closes a cycle, if it is one of the file's.
    fn refuse_any_cycle(&self, lines: &[Numbered]) -> Result<(), GraphError> {
        let Some(path) = self.any_cycle()? else { return Ok(()) };
        let closes = |line: &&Numbered| match &line.record {
            Record::Link(link) => {
                let link = Link::new(link.source.clone(), link.link_type, link.target.clone());
                path.windows(2).any(|step| step[0] == link.source && step[1] == link.target)
            }
            _ => false,
        };
        let last = lines.iter().rfind(closes).map(|line| line.line);
        let error = GraphError::Cycle { path };
        Err(match last {
            Some(line) => at_line(error, line),
            None => error,
        })
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
                    self.index_words(task)?;
                }
                imported.events_added += 1;
            }
        }
        Ok(())
    }
}

/// What is refused, with its line; what is the matter with the graph itself has none.
fn at_line(error: GraphError, line: usize) -> GraphError {
    match error {
        GraphError::Unknown { .. }
        | GraphError::SelfLink { .. }
        | GraphError::Cycle { .. }
        | GraphError::HasParent { .. }
        | GraphError::Invalid(_) => GraphError::AtLine { line, source: Box::new(error) },
        other => other,
    }
}

/// A record that speaks of tasks by the ids that they have here.
fn renamed(record: &Record, ids: &BTreeMap<TaskId, TaskId>) -> Record {
    let ours = |id: &TaskId| ids.get(id).unwrap_or(id).clone();
    match record.clone() {
        Record::Task(task) => Record::Task(TaskRecord { id: ours(&task.id), ..task }),
        Record::Link(link) => Record::Link(Link { source: ours(&link.source), target: ours(&link.target), ..link }),
        Record::Event(event) => {
            Record::Event(Event { task: event.task.as_ref().map(ours), other: event.other.as_ref().map(ours), ..event })
        }
        Record::Origin(origin) => Record::Origin(Origin { task: ours(&origin.task), ..origin }),
        other => other,
    }
}

/// Two events that agree in everything are one.
fn fingerprint(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_else(|_| format!("{event:?}"))
}

impl super::Reader<'_> {
    /// A cycle among the links that must not make one.
    pub(super) fn any_cycle(&self) -> Result<Option<Vec<TaskId>>, GraphError> {
        for link_type in [LinkType::DependsOn, LinkType::DiscoveredFrom, LinkType::Duplicates] {
            let mut edges = Vec::new();
            for member in link_type.family() {
                let mut statement = self.conn.prepare_cached("SELECT source, target FROM links WHERE type = ?1")?;
                edges.extend(self.all(&mut statement, [member], "a link of", |row| Ok((row.get(0)?, row.get(1)?)))?);
            }
            if let Some(path) = cycle::find(&edges) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}
