//! Taking back one's own last change.

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::graph::error::GraphError;
use crate::graph::model::event::{Event, EventKind};
use crate::graph::model::id::TaskId;
use crate::graph::model::link::LinkType;
use crate::graph::model::task::{Change, Status};
use crate::graph::model::text::line;
use crate::graph::queries::{events, undo};
use crate::graph::store::{Claim, Closing, Writer, rows};

/// What was taken back, last first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Undone {
    pub events: Vec<Event>,
}

/// A change that was made in one transaction: its events, last first, each with its number.
struct Made {
    change: i64,
    events: Vec<(i64, Event)>,
}

impl Writer<'_> {
    /// Takes back all that the actor's last command changed. What was undone before is passed over, and so are undoings.
    pub fn undo(&self) -> Result<Undone, GraphError> {
        let made = self.last_made()?;
        let last = made.events.first().map_or(0, |(seq, _)| *seq);
        for (_, event) in &made.events {
            self.refuse_to_undo(event, last)?;
        }
        for (seq, event) in &made.events {
            self.take_back(*seq, event)?;
        }
        let by = self.change()?;
        self.conn.execute(undo::MARK, (made.change, by))?;
        let events = made.events.into_iter().map(|(_, event)| event);
        Ok(Undone { events: events.filter(|event| event.kind != EventKind::SessionStarted).collect() })
    }

    fn last_made(&self) -> Result<Made, GraphError> {
        let session = self.session_id();
        let by_session = session.map_or(Ok(None), |session| {
            self.conn.query_row(undo::LAST_OF_SESSION, [session], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })?;
        // A run's name may be somebody else's, too: it is known by its session alone.
        let by_name = match self.actor.container {
            Some(_) => None,
            None => self
                .conn
                .query_row(undo::LAST_OF_NAME, [&self.actor.name], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?,
        };
        let last: Option<(i64, i64)> = by_session.into_iter().chain(by_name).max();
        let nothing = || GraphError::Invalid("nothing that you changed is left to be undone".to_owned());
        let (_, change) = last.ok_or_else(nothing)?;
        let mut statement = self.conn.prepare_cached(&events::of_change())?;
        let events =
            self.all(&mut statement, [change], "the event of", |row| Ok((row.get("seq")?, rows::event(row)?)))?;
        Ok(Made { change, events })
    }

    /// What somebody has built on is not taken away under them, and some changes are no one's alone.
    fn refuse_to_undo(&self, event: &Event, last: i64) -> Result<(), GraphError> {
        let what = match event.kind {
            EventKind::TakenOver | EventKind::Released => "a claim that was given up",
            EventKind::Landed => "the landing of work",
            EventKind::SessionEnded => "the end of a session",
            EventKind::Closed if event.data.get("status") == Some(&"landing".into()) => {
                "the close of a task whose work is to land"
            }
            _ => return self.refuse_if_changed_since(event, last),
        };
        Err(GraphError::NotUndone { what, id: event.task.clone() })
    }

    fn refuse_if_changed_since(&self, event: &Event, last: i64) -> Result<(), GraphError> {
        let Some(task) = &event.task else { return Ok(()) };
        let sql = if event.kind == EventKind::Created { undo::ANY_SINCE } else { undo::CHANGE_SINCE };
        let read = |row: &rusqlite::Row| Ok((row.get::<_, String>("actor")?, row.get::<_, EventKind>("kind")?));
        let since = self.conn.prepare_cached(sql)?.query_row((task, last), read).optional()?;
        match since {
            Some((by, kind)) => {
                Err(GraphError::ChangedSince { id: task.clone(), by: line(&by, 60), kind: kind.as_str() })
            }
            None => Ok(()),
        }
    }

    fn take_back(&self, seq: i64, event: &Event) -> Result<(), GraphError> {
        let Some(task) = &event.task else { return Ok(()) };
        match event.kind {
            EventKind::Created => self.take_back_created(task)?,
            EventKind::Deleted => drop(self.undelete(task)?),
            EventKind::Undeleted => drop(self.delete(task, true)?),
            EventKind::Updated => drop(self.update(task, &before(&event.data)?)?),
            EventKind::Claimed => self.take_back_claim(task, event)?,
            EventKind::Closed => self.take_back_close(task, event)?,
            EventKind::Reopened => self.take_back_reopen(task, event)?,
            EventKind::Noted => self.retract(task, seq)?,
            EventKind::Linked => self.take_back_link(event, |a, kind, b| self.unlink(a, kind, b).map(drop))?,
            EventKind::Unlinked => self.take_back_link(event, |a, kind, b| self.link(a, kind, b).map(drop))?,
            _ => {}
        }
        Ok(())
    }

    /// Also for a run, which deletes nothing else: the task is its own, and nobody has touched it.
    fn take_back_created(&self, task: &TaskId) -> Result<(), GraphError> {
        self.allow_change(&self.task(task)?)?;
        self.bury(task)
    }

    fn take_back_claim(&self, task: &TaskId, event: &Event) -> Result<(), GraphError> {
        self.allow_change(&self.task(task)?)?;
        self.unclaim(task, None)?;
        match event.data.get("meant_for").and_then(Value::as_str) {
            Some(name) => {
                let change = Change { assignee: Some(name.to_owned()), ..Change::default() };
                self.update(task, &change).map(drop)
            }
            None => Ok(()),
        }
    }

    /// Opens it again; where it was claimed by this session when it was closed, it is so again.
    fn take_back_close(&self, task: &TaskId, event: &Event) -> Result<(), GraphError> {
        let closed = self.task(task)?;
        self.allow_change(&closed)?;
        self.open_again(&closed, None)?;
        if event.data.get("was").and_then(Value::as_str) == Some(Status::InProgress.as_str()) {
            self.claim(task, Claim { force: true, take_over: None })?;
        } else if let Some(name) = closed.assignee {
            self.update(task, &Change { assignee: Some(name), ..Change::default() })?;
        }
        Ok(())
    }

    fn take_back_reopen(&self, task: &TaskId, event: &Event) -> Result<(), GraphError> {
        let cancelled = event.data.get("status").and_then(Value::as_str) == Some(Status::Cancelled.as_str());
        let status = if cancelled { Status::Cancelled } else { Status::Done };
        let reason = event.data.get("reason").and_then(Value::as_str).map(str::to_owned);
        self.close(task, &Closing { status, reason, force: true }).map(drop)
    }

    /// The note stays in the log, as one that was taken back.
    fn retract(&self, task: &TaskId, seq: i64) -> Result<(), GraphError> {
        self.allow_note(task)?;
        let at = self.tick_of(task)?;
        self.conn.execute(undo::RETRACT, [seq])?;
        self.conn.execute(undo::REINDEX, (task, at))?;
        self.index_words(task)
    }

    fn take_back_link(
        &self,
        event: &Event,
        work: impl Fn(&TaskId, LinkType, &TaskId) -> Result<(), GraphError>,
    ) -> Result<(), GraphError> {
        let link_type = event.data.get("type").cloned().map(serde_json::from_value);
        match (&event.task, link_type, &event.other) {
            (Some(a), Some(Ok(link_type)), Some(b)) => work(a, link_type, b),
            _ => Ok(()),
        }
    }
}

/// The change that sets every field back to what it was: an event has `[before, after]` for each.
fn before(data: &Map<String, Value>) -> Result<Change, GraphError> {
    let mut old = Map::new();
    for (field, pair) in data {
        let (was, is) = (pair.get(0).cloned().unwrap_or_default(), pair.get(1).cloned().unwrap_or_default());
        match (field.as_str(), was) {
            ("tags", was) => {
                old.insert("add_tags".to_owned(), without(&was, &is));
                old.insert("remove_tags".to_owned(), without(&is, &was));
            }
            ("assignee", Value::Null) => drop(old.insert(field.clone(), "".into())),
            (_, was) => drop(old.insert(field.clone(), was)),
        }
    }
    serde_json::from_value(Value::Object(old)).map_err(|error| GraphError::Invalid(error.to_string()))
}

/// The values of one list that the other does not have.
fn without(list: &Value, other: &Value) -> Value {
    let values = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let other = values(other);
    values(list).into_iter().filter(|value| !other.contains(value)).collect()
}
