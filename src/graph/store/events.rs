//! Writing down what happens, in the transaction in which it happens.

use serde_json::{Map, Value, json};

use super::Writer;
use crate::graph::error::GraphError;
use crate::graph::model::event::{Event, EventKind};
use crate::graph::model::id::TaskId;
use crate::graph::model::moment::Moment;

const INSERT: &str =
    "INSERT INTO events (at, actor, session, task, other, kind, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

impl Writer<'_> {
    /// Records a change of one task.
    pub(super) fn record(&self, at: Moment, task: &TaskId, kind: EventKind, data: Value) -> Result<(), GraphError> {
        self.put_event(&self.event(at, Some(task), kind, data))
    }

    /// Records a change that concerns two tasks.
    pub(super) fn record_link(
        &self,
        at: Moment,
        ends: [&TaskId; 2],
        kind: EventKind,
        link: &str,
    ) -> Result<(), GraphError> {
        let event = self.event(at, Some(ends[0]), kind, json!({ "type": link }));
        self.put_event(&Event { other: Some(ends[1].clone()), ..event })
    }

    /// Records a change of a session.
    pub(super) fn record_session(
        &self,
        at: Moment,
        session: &str,
        kind: EventKind,
        data: Value,
    ) -> Result<(), GraphError> {
        let event = self.event(at, None, kind, data);
        self.put_event(&Event { session: Some(session.to_owned()), ..event })
    }

    /// Adds a note, which is an event like the others.
    pub fn note(&self, task: &TaskId, text: &str) -> Result<(), GraphError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(GraphError::Invalid("an empty note says nothing".to_owned()));
        }
        let at = self.tick();
        self.touch(task, at)?;
        self.record(at, task, EventKind::Noted, json!({ "text": text }))
    }

    fn event(&self, at: Moment, task: Option<&TaskId>, kind: EventKind, data: Value) -> Event {
        let data = if let Value::Object(map) = data { map } else { Map::new() };
        let session = self.session_id();
        Event { at, actor: self.actor.name.clone(), session, task: task.cloned(), other: None, kind, data }
    }

    pub(super) fn put_event(&self, event: &Event) -> Result<(), GraphError> {
        let data = Value::Object(event.data.clone()).to_string();
        let values = (event.at, &event.actor, &event.session, &event.task, &event.other, event.kind, data);
        self.conn.prepare_cached(INSERT)?.execute(values)?;
        Ok(())
    }
}
