//! From rows to values.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Result, Row};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::graph::model::event::{Event, Note};
use crate::graph::model::id::TaskId;
use crate::graph::model::link::{LinkType, Neighbour};
use crate::graph::model::session::Session;
use crate::graph::model::task::{Named, Priority, Status, Task, TaskType};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::filter::Bind;

impl ToSql for Timestamp {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.micros().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Timestamp::from_micros)
    }
}

impl ToSql for TaskId {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for TaskId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str().map(|id| TaskId::known(id.to_owned()))
    }
}

impl ToSql for Priority {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(u8::from(*self).into())
    }
}

impl FromSql for Priority {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = u8::column_result(value)?;
        Priority::try_from(number).map_err(|error| FromSqlError::Other(error.into()))
    }
}

impl ToSql for Bind {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        match self {
            Bind::Text(text) => Ok(text.as_str().into()),
            Bind::Number(number) => Ok((*number).into()),
        }
    }
}

/// The words of the database are the words of the JSON.
macro_rules! kept_as_word {
    ($($kind:ty),*) => {$(
        impl ToSql for $kind {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $kind {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str().and_then(word)
            }
        }
    )*};
}

kept_as_word!(Status, TaskType, LinkType, crate::graph::model::event::EventKind);

fn word<T: DeserializeOwned>(text: &str) -> FromSqlResult<T> {
    serde_json::from_value(Value::from(text)).map_err(|error| FromSqlError::Other(Box::new(error)))
}

/// A row of `queries::tasks::COLUMNS`.
pub fn task(row: &Row) -> Result<Task> {
    let status: Status = row.get(5)?;
    let waits_for: u32 = row.get(17)?;
    Ok(Task {
        id: row.get(0)?,
        title: row.get(1)?,
        description: row.get(2)?,
        task_type: row.get(3)?,
        priority: row.get(4)?,
        status,
        blocked: status == Status::Open && waits_for > 0,
        tags: tags(row.get(21)?),
        parent: row.get(20)?,
        assignee: row.get(6)?,
        session: row.get(7)?,
        claimed_at: row.get(8)?,
        created_by: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
        closed_by: row.get(12)?,
        closed_at: row.get(13)?,
        closed_reason: row.get(14)?,
        deleted_at: row.get(15)?,
        lands_with: row.get(16)?,
        waits_for,
        open_children: row.get(18)?,
        unblocks: row.get(19)?,
    })
}

/// Tags hold no spaces: one stands between each two.
pub fn tags(joined: Option<String>) -> Vec<String> {
    joined.map(|tags| tags.split(' ').map(str::to_owned).collect()).unwrap_or_default()
}

/// id, title, status.
pub fn named(row: &Row) -> Result<Named> {
    Ok(Named { id: row.get(0)?, title: row.get(1)?, status: row.get(2)? })
}

/// at, actor, data.
pub fn note(row: &Row) -> Result<Note> {
    let data = data(row, 2)?;
    let text = data.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Note { at: row.get(0)?, author: row.get(1)?, text })
}

/// type, then the other end; `relation` says how the type reads from here.
pub fn neighbour(row: &Row, relation: fn(LinkType) -> &'static str) -> Result<Neighbour> {
    Ok(Neighbour {
        relation: relation(row.get(0)?).into(),
        id: row.get(1)?,
        title: row.get(2)?,
        status: row.get(3)?,
        deleted: row.get(4)?,
    })
}

/// A row of `queries::sessions::COLUMNS`.
pub fn session(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        name: row.get(1)?,
        agent_type: row.get(2)?,
        container: row.get(3)?,
        place: row.get(4)?,
        started_at: row.get(5)?,
        seen_at: row.get(6)?,
        ended_at: row.get(7)?,
        end_reason: row.get(8)?,
        summary: row.get(9)?,
    })
}

/// at, actor, session, task, other, kind, data.
pub fn event(row: &Row) -> Result<Event> {
    Ok(Event {
        at: row.get(0)?,
        actor: row.get(1)?,
        session: row.get(2)?,
        task: row.get(3)?,
        other: row.get(4)?,
        kind: row.get(5)?,
        data: data(row, 6)?,
    })
}

fn data(row: &Row, column: usize) -> Result<Map<String, Value>> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
