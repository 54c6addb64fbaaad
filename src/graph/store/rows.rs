//! From rows to values.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Error, Result, Row};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::graph::model::event::{Commit, Event, Note};
use crate::graph::model::field_set::Fields;
use crate::graph::model::fields::{Field, FieldValue, Stored};
use crate::graph::model::id::TaskId;
use crate::graph::model::link::{Link, LinkType, Neighbour};
use crate::graph::model::record::TaskRecord;
use crate::graph::model::session::Session;
use crate::graph::model::task::{Named, Priority, Status, Task, TaskType};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::filter::Bind;
use crate::graph::queries::{events, sessions, tasks};

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

impl ToSql for FieldValue {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(match self.stored() {
            Stored::Number(number) => number.into(),
            Stored::Text(text) => text.into(),
        })
    }
}

/// A row whose columns are those of a list, read by their names.
struct Cells<'r> {
    row: &'r Row<'r>,
    columns: &'static [&'static str],
}

impl Cells<'_> {
    fn get<T: FromSql>(&self, name: &str) -> Result<T> {
        self.row.get(self.position(name)?)
    }

    fn position(&self, name: &str) -> Result<usize> {
        let position = self.columns.iter().position(|column| *column == name);
        position.ok_or_else(|| Error::InvalidColumnName(name.to_owned()))
    }

    fn field(&self, field: &Field) -> Result<Option<FieldValue>> {
        let stored = if field.kind.is_number() {
            self.get::<Option<i64>>(field.name)?.map(Stored::Number)
        } else {
            self.get::<Option<String>>(field.name)?.map(Stored::Text)
        };
        let (column, kind) = (self.position(field.name)?, rusqlite::types::Type::Text);
        let value = stored.map(|stored| field.read_stored(stored)).transpose();
        value.map_err(|problem| Error::FromSqlConversionFailure(column, kind, problem.into()))
    }
}

/// A row of `queries::tasks::select`.
fn task_cells<'r>(row: &'r Row<'r>) -> Cells<'r> {
    Cells { row, columns: &tasks::COLUMNS }
}

/// A task, of a row of `queries::tasks::select`.
pub fn task(row: &Row) -> Result<Task> {
    let cells = task_cells(row);
    let status: Status = cells.get("status")?;
    let waits_for: u32 = cells.get("waits_for")?;
    Ok(Task {
        id: cells.get("id")?,
        title: cells.get("title")?,
        description: cells.get("description")?,
        task_type: cells.get("type")?,
        priority: cells.get("priority")?,
        effective_priority: cells.get("effective_priority")?,
        status,
        blocked: status == Status::Open && waits_for > 0,
        tags: tags(cells.get("tags")?),
        parent: cells.get("parent")?,
        assignee: cells.get("assignee")?,
        fields: Fields::try_new(|field| cells.field(field))?,
        session: cells.get("session")?,
        claimed_at: cells.get("claimed_at")?,
        created_by: cells.get("created_by")?,
        created_at: cells.get("created_at")?,
        updated_at: cells.get("updated_at")?,
        closed_by: cells.get("closed_by")?,
        closed_at: cells.get("closed_at")?,
        closed_reason: cells.get("closed_reason")?,
        deleted_at: cells.get("deleted_at")?,
        lands_with: cells.get("lands_with")?,
        waits_for,
        open_children: cells.get("open_children")?,
        unblocks: cells.get("unblocks")?,
    })
}

/// A task as it is exported, of a row of `queries::tasks::select`.
pub fn task_record(row: &Row) -> Result<TaskRecord> {
    let cells = task_cells(row);
    Ok(TaskRecord {
        id: cells.get("id")?,
        title: cells.get("title")?,
        description: cells.get("description")?,
        task_type: cells.get("type")?,
        priority: cells.get("priority")?,
        status: cells.get("status")?,
        tags: tags(cells.get("tags")?),
        assignee: cells.get("assignee")?,
        fields: Fields::try_new(|field| cells.field(field))?,
        session: cells.get("session")?,
        claimed_at: cells.get("claimed_at")?,
        created_by: cells.get("created_by")?,
        created_at: cells.get("created_at")?,
        updated_at: cells.get("updated_at")?,
        closed_by: cells.get("closed_by")?,
        closed_session: cells.get("closed_session")?,
        closed_at: cells.get("closed_at")?,
        closed_reason: cells.get("closed_reason")?,
        deleted_at: cells.get("deleted_at")?,
        lands_with: cells.get("lands_with")?,
    })
}

/// Tags hold no spaces: one stands between each two.
fn tags(joined: Option<String>) -> Vec<String> {
    joined.map(|tags| tags.split(' ').map(str::to_owned).collect()).unwrap_or_default()
}

/// A task's name.
pub fn named(row: &Row) -> Result<Named> {
    Ok(Named { id: row.get("id")?, title: row.get("title")?, status: row.get("status")? })
}

/// A note, of its event.
pub fn note(row: &Row) -> Result<Note> {
    let data = data(row.get("data")?, row.as_ref().column_index("data")?)?;
    let text = data.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Note { at: row.get("at")?, author: row.get("actor")?, text })
}

pub fn commit(row: &Row) -> Result<Commit> {
    let data = data(row.get("data")?, row.as_ref().column_index("data")?)?;
    let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Commit { commit: text("commit"), title: text("title"), run: row.get("actor")?, at: row.get("at")? })
}

/// A link, of its own row.
pub fn link(row: &Row) -> Result<Link> {
    Ok(Link { source: row.get("source")?, link_type: row.get("type")?, target: row.get("target")? })
}

/// A link and the task at its other end; `relation` says how the type reads from here.
pub fn neighbour(row: &Row, relation: fn(LinkType) -> &'static str) -> Result<Neighbour> {
    Ok(Neighbour {
        relation: relation(row.get("type")?).into(),
        id: row.get("id")?,
        title: row.get("title")?,
        status: row.get("status")?,
        deleted: row.get("deleted")?,
    })
}

/// A row of `queries::sessions::SELECT`.
pub fn session(row: &Row) -> Result<Session> {
    let cells = Cells { row, columns: &sessions::COLUMNS };
    Ok(Session {
        id: cells.get("id")?,
        name: cells.get("name")?,
        agent_type: cells.get("agent_type")?,
        container: cells.get("container")?,
        place: cells.get("place")?,
        started_at: cells.get("started_at")?,
        seen_at: cells.get("seen_at")?,
        ended_at: cells.get("ended_at")?,
        end_reason: cells.get("end_reason")?,
        summary: cells.get("summary")?,
    })
}

/// An event, of a row with `queries::events::COLUMNS`.
pub fn event(row: &Row) -> Result<Event> {
    let cells = Cells { row, columns: &events::COLUMNS };
    Ok(Event {
        at: cells.get("at")?,
        actor: cells.get("actor")?,
        session: cells.get("session")?,
        task: cells.get("task")?,
        other: cells.get("other")?,
        kind: cells.get("kind")?,
        data: data(cells.get("data")?, cells.position("data")?)?,
    })
}

fn data(text: String, column: usize) -> Result<Map<String, Value>> {
    serde_json::from_str(&text)
        .map_err(|error| Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error)))
}
