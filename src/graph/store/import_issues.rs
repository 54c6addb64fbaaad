//! Issues of another tracker, taken into the graph: each gets an id of the graph's, which is remembered, so that a second
//! import changes nothing and a later one changes what has changed.

use crate::graph::error::GraphError;
use crate::graph::model::event::{Event, EventKind};
use crate::graph::model::foreign::issue::Issue;
use crate::graph::model::foreign::source::Source;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::{Link, LinkType};
use crate::graph::model::record::{Origin, TaskRecord};
use crate::graph::model::task::{Status, Task};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries;
use crate::graph::queries::checks;
use crate::graph::store::import::Imported;
use crate::graph::store::{Reader, Writer};

impl Writer<'_> {
    /// All of them or none. A link that cannot be is left out and named: the tracker may allow it.
    pub fn import_issues(&self, source: Source, issues: &[Issue]) -> Result<Imported, GraphError> {
        let mut imported = Imported::default();
        let mut new = Vec::new();
        for issue in issues {
            match self.take_in_one(source, issue, &mut imported)? {
                Some(id) => new.push((issue, id)),
                None => imported.tasks_unchanged += 1,
            }
        }
        for (issue, id) in &new {
            for (link_type, other) in &issue.links {
                self.take_in_link(source, (issue, id), *link_type, other, &mut imported)?;
            }
            for note in &issue.notes {
                let event = note_event(id, note.at, &note.author, &note.text);
                imported.events_added += u64::from(self.add_note_once(&event)?);
            }
            self.index_words(id)?;
        }
        self.conn.execute_batch(&checks::mend_ranks())?;
        Ok(imported)
    }

    /// The task, where it is new or its issue has changed.
    fn take_in_one(
        &self,
        source: Source,
        issue: &Issue,
        imported: &mut Imported,
    ) -> Result<Option<TaskId>, GraphError> {
        let known = self.origin(source.name(), &issue.id)?;
        if known.as_ref().is_some_and(|known| known.fingerprint == issue.fingerprint) {
            return Ok(None);
        }
        let id = match &known {
            Some(known) => self.update_from(&known.task, issue, imported)?,
            None => self.add_from(issue, imported)?,
        };
        let (source, foreign_id) = (source.name().to_owned(), issue.id.clone());
        self.remember(&Origin { source, foreign_id, task: id.clone(), fingerprint: issue.fingerprint.clone() })?;
        Ok(Some(id))
    }

    fn add_from(&self, issue: &Issue, imported: &mut Imported) -> Result<TaskId, GraphError> {
        let id = self.free_id()?;
        let now = self.tick();
        let record = record(issue, &id, now, issue.updated_at.or(issue.created_at).unwrap_or(now));
        let created = Event {
            at: record.created_at,
            actor: record.created_by.clone(),
            session: None,
            task: Some(id.clone()),
            other: None,
            kind: EventKind::Created,
            data: [("title".to_owned(), issue.title.as_str().into()), ("from".to_owned(), issue.id.as_str().into())]
                .into_iter()
                .collect(),
        };
        self.put_task(&record)?;
        self.put_event(&created)?;
        imported.tasks_added += 1;
        imported.events_added += 1;
        Ok(id)
    }

    /// A claim here is not taken away by an issue that is still open there.
    fn update_from(&self, id: &TaskId, issue: &Issue, imported: &mut Imported) -> Result<TaskId, GraphError> {
        let here = self.task(id)?;
        let now = self.tick_of(id)?;
        let mut record = record(issue, id, now, issue.updated_at.unwrap_or(now));
        record.created_at = here.created_at;
        if issue.status == Status::Open && matches!(here.status, Status::InProgress | Status::Landing) {
            keep_state(&mut record, &here);
        }
        if self.put_task(&record)? {
            imported.tasks_updated += 1;
        } else {
            imported.tasks_unchanged += 1;
        }
        Ok(id.clone())
    }

    fn take_in_link(
        &self,
        source: Source,
        (issue, id): (&Issue, &TaskId),
        link_type: LinkType,
        other: &str,
        imported: &mut Imported,
    ) -> Result<(), GraphError> {
        let Some(other_task) = self.origin(source.name(), other)?.map(|known| known.task) else {
            imported.leave_out(issue, link_type, other, "it is not in the file");
            return Ok(());
        };
        match self.put_link(&Link::new(id.clone(), link_type, other_task)) {
            Ok(added) => imported.links_added += u64::from(added),
            Err(error @ (GraphError::SelfLink { .. } | GraphError::Cycle { .. } | GraphError::HasParent { .. })) => {
                imported.leave_out(issue, link_type, other, &error.to_string())
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// Also between deleted tasks: what is deleted can come back.
    fn put_link(&self, link: &Link) -> Result<bool, GraphError> {
        if link.source == link.target {
            return Err(GraphError::SelfLink { id: link.source.clone() });
        }
        let values = (&link.source, link.link_type, &link.target);
        if self.conn.prepare_cached(queries::links::EXISTS)?.exists(values)? {
            return Ok(false);
        }
        self.refuse_second_parent(link)?;
        self.refuse_cycle(link)?;
        Ok(self.conn.prepare_cached(queries::links::ADD)?.execute(values)? == 1)
    }

    fn add_note_once(&self, event: &Event) -> Result<bool, GraphError> {
        if self.has_note(event)? {
            return Ok(false);
        }
        self.put_event(event).map(|()| true)
    }

    /// An id that no task has.
    pub(super) fn free_id(&self) -> Result<TaskId, GraphError> {
        let mut tasks: u64 = self.conn.query_row("SELECT coalesce(max(seq), 0) FROM tasks", [], |row| row.get(0))?;
        loop {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes)?;
            let id = TaskId::random(tasks, bytes);
            if !self.exists(&id)? {
                return Ok(id);
            }
            // As if the graph were larger: the next id is longer before long.
            tasks = tasks.saturating_mul(2).max(1);
        }
    }
}

impl Reader<'_> {
    fn has_note(&self, event: &Event) -> Result<bool, GraphError> {
        let Some(task) = &event.task else { return Ok(false) };
        let text = event.data.get("text").and_then(serde_json::Value::as_str);
        Ok(self.notes(task)?.iter().any(|note| {
            (note.at, note.author.as_str(), Some(note.text.as_str())) == (event.at, event.actor.as_str(), text)
        }))
    }
}

fn note_event(id: &TaskId, at: Timestamp, author: &str, text: &str) -> Event {
    Event {
        at,
        actor: author.to_owned(),
        session: None,
        task: Some(id.clone()),
        other: None,
        kind: EventKind::Noted,
        data: [("text".to_owned(), text.into())].into_iter().collect(),
    }
}

fn keep_state(record: &mut TaskRecord, here: &Task) {
    record.status = here.status;
    record.assignee.clone_from(&here.assignee);
    record.session.clone_from(&here.session);
    record.claimed_at = here.claimed_at;
    record.closed_at = here.closed_at;
    record.closed_by.clone_from(&here.closed_by);
    record.closed_reason.clone_from(&here.closed_reason);
    record.lands_with.clone_from(&here.lands_with);
}

fn record(issue: &Issue, id: &TaskId, now: Timestamp, updated_at: Timestamp) -> TaskRecord {
    let is_closed = matches!(issue.status, Status::Done | Status::Cancelled);
    TaskRecord {
        id: id.clone(),
        title: issue.title.clone(),
        description: issue.description.clone(),
        task_type: issue.task_type,
        priority: issue.priority,
        status: issue.status,
        tags: issue.tags.clone(),
        assignee: issue.assignee.clone(),
        fields: issue.fields.clone(),
        session: None,
        claimed_at: None,
        created_by: issue.created_by.clone().unwrap_or_else(|| "import".to_owned()),
        created_at: issue.created_at.unwrap_or(now),
        updated_at,
        closed_by: issue.assignee.clone().filter(|_| is_closed),
        closed_session: None,
        closed_at: issue.closed_at.or(Some(updated_at)).filter(|_| is_closed),
        closed_reason: issue.closed_reason.clone().filter(|_| is_closed),
        deleted_at: issue.deleted_at,
        lands_with: None,
    }
}
