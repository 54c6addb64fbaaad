//! Writing down what happens, in the transaction in which it happens.

use serde_json::{Map, Value, json};

use crate::graph::error::GraphError;
use crate::graph::model::event::{Event, EventKind};
use crate::graph::model::id::TaskId;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries;
use crate::graph::store::{Reader, Writer, rows};

impl Writer<'_> {
    /// Records a change of one task.
    pub(super) fn record(&self, at: Timestamp, task: &TaskId, kind: EventKind, data: Value) -> Result<(), GraphError> {
        self.put_own(&self.event(at, Some(task), kind, data))
    }

    /// Records a change that concerns two tasks.
    pub(super) fn record_link(
        &self,
        at: Timestamp,
        ends: [&TaskId; 2],
        kind: EventKind,
        link: &str,
    ) -> Result<(), GraphError> {
        let event = self.event(at, Some(ends[0]), kind, json!({ "type": link }));
        self.put_own(&Event { other: Some(ends[1].clone()), ..event })
    }

    /// Records a change of a session.
    pub(super) fn record_session(
        &self,
        at: Timestamp,
        session: &str,
        kind: EventKind,
        data: Value,
    ) -> Result<(), GraphError> {
        let event = self.event(at, None, kind, data);
        self.put_own(&Event { session: Some(session.to_owned()), ..event })
    }

    /// Adds a note, which is an event like the others.
    pub fn note(&self, task: &TaskId, text: &str) -> Result<(), GraphError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(GraphError::Invalid("the note is empty".to_owned()));
        }
        self.allow_note(task)?;
        let at = self.tick_of(task)?;
        self.touch(task, at)?;
        self.record(at, task, EventKind::Noted, json!({ "text": text }))?;
        self.index_words(task)
    }

    fn event(&self, at: Timestamp, task: Option<&TaskId>, kind: EventKind, data: Value) -> Event {
        let mut data = if let Value::Object(map) = data { map } else { Map::new() };
        if let Some(label) = &self.actor.label {
            data.insert("as".to_owned(), json!(label));
        }
        let session = self.session_id();
        Event { at, actor: self.actor.name.clone(), session, task: task.cloned(), other: None, kind, data }
    }

    /// The number of this transaction's change.
    pub(super) fn change(&self) -> Result<i64, GraphError> {
        let next = || self.conn.prepare_cached(queries::events::NEXT)?.query_row([], |row| row.get(0));
        let change = self.change.get().map_or_else(next, Ok)?;
        self.change.set(Some(change));
        Ok(change)
    }

    fn put_own(&self, event: &Event) -> Result<(), GraphError> {
        self.count(event)?;
        let data = Value::Object(event.data.clone()).to_string();
        let change = self.change()?;
        let values = (event.at, &event.actor, &event.session, &event.task, &event.other, event.kind, data, change);
        self.conn.prepare_cached(queries::events::INSERT_OWN)?.execute(values)?;
        Ok(())
    }

    /// Adds an event that was written down elsewhere.
    pub(super) fn put_event(&self, event: &Event) -> Result<(), GraphError> {
        self.count(event)?;
        let data = Value::Object(event.data.clone()).to_string();
        let values = (event.at, &event.actor, &event.session, &event.task, &event.other, event.kind, data);
        self.conn.prepare_cached(queries::events::INSERT)?.execute(values)?;
        Ok(())
    }
}

/// The latest events.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Logged {
    pub events: Vec<Event>,
    /// There are older ones.
    pub more: bool,
}

impl Reader<'_> {
    /// The latest events: all of them, a task's, or a session's. 0 is no limit.
    pub fn log(&self, id: Option<&str>, limit: usize) -> Result<Logged, GraphError> {
        let (sql, id) = match id {
            None => (queries::events::of_all(), None),
            Some(typed) => self.whose_events(typed)?,
        };
        self.latest(&sql, id, limit)
    }

    /// The latest changes that the agent of a run has made: of each run that bore the name.
    pub fn log_of_run(&self, run: &str, limit: usize) -> Result<Logged, GraphError> {
        let known: bool = self.conn.query_row(queries::sessions::IS_RUN, [run], |row| row.get(0))?;
        if !known {
            return Err(GraphError::Unknown { what: "run in the graph", id: run.to_owned() });
        }
        self.latest(&queries::events::of_run(), Some(run.to_owned()), limit)
    }

    fn latest(&self, sql: &str, id: Option<String>, limit: usize) -> Result<Logged, GraphError> {
        let most = if limit == 0 { i64::MAX } else { i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1 };
        let mut statement = self.conn.prepare(sql)?;
        let found = match id {
            None => self.all(&mut statement, [most], "the event of", rows::event)?,
            Some(id) => self.all(&mut statement, (most, id), "the event of", rows::event)?,
        };
        let more = limit > 0 && found.len() > limit;
        let keep = if limit == 0 { found.len() } else { limit };
        Ok(Logged { events: found.into_iter().take(keep).collect(), more })
    }

    fn whose_events(&self, typed: &str) -> Result<(String, Option<String>), GraphError> {
        match self.resolve(typed) {
            Ok(task) => Ok((queries::events::of_task(), Some(task.to_string()))),
            Err(error) if error.is_unknown_task() => match self.session_called(typed)? {
                Some(session) => Ok((queries::events::of_session(), Some(session.id))),
                None => Err(error.or_session()),
            },
            Err(error) => Err(error),
        }
    }
}
