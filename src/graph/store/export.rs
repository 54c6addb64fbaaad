//! Everything, written down line by line in an order that does not change.

use std::fmt;
use std::io::Write;

use rusqlite::Row;
use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::record::{Header, Record, VERSION};
use crate::graph::model::text::count;
use crate::graph::queries::{events, origins, records, sessions, tasks};
use crate::graph::store::origins::origin;
use crate::graph::store::{Reader, rows};
use crate::sanitize;

/// How much there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    pub sessions: u64,
    pub tasks: u64,
    pub links: u64,
    /// Tasks that other trackers have names for.
    pub origins: u64,
    pub events: u64,
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tasks, links) = (count(self.tasks, "task"), count(self.links, "link"));
        write!(f, "{tasks}, {links}, {}, {}", count(self.events, "event"), count(self.sessions, "session"))
    }
}

impl Reader<'_> {
    /// Sessions, tasks, links and events, each by age, after a line that says what this is.
    pub fn export(&self, to: &mut impl Write) -> Result<Exported, GraphError> {
        write_line(to, &Record::Graph(Header { version: VERSION, project: self.project()? }))?;
        let session_sql = format!("{} {}", sessions::SELECT, records::SESSIONS_ORDER);
        let task_sql = format!("{} FROM tasks t {}", tasks::select(), records::TASKS_ORDER);
        Ok(Exported {
            sessions: self.each(to, "session", &session_sql, |row| rows::session(row).map(Record::Session))?,
            tasks: self.each(to, "task", &task_sql, |row| rows::task_record(row).map(Record::Task))?,
            origins: self.each(to, "the origin of", origins::ALL, |row| origin(row).map(Record::Origin))?,
            links: self.each(to, "a link of", records::LINKS, |row| rows::link(row).map(Record::Link))?,
            events: self.each(to, "the event of", &events::in_order(), |row| rows::event(row).map(Record::Event))?,
        })
    }

    fn each(
        &self,
        to: &mut impl Write,
        what: &str,
        sql: &str,
        record: impl Fn(&Row) -> rusqlite::Result<Record>,
    ) -> Result<u64, GraphError> {
        let mut statement = self.conn.prepare(sql)?;
        let mut found = statement.query([])?;
        let mut written = 0;
        while let Some(row) = found.next()? {
            match record(row) {
                Ok(record) => write_line(to, &record)?,
                Err(error) => {
                    self.leave_out(what, row, error)?;
                    continue;
                }
            }
            written += 1;
        }
        Ok(written)
    }
}

fn write_line(to: &mut impl Write, record: &Record) -> Result<(), GraphError> {
    let failed = |source| GraphError::File { verb: "write", path: "the export".into(), source };
    let line = serde_json::to_string(record).map_err(|error| failed(error.into()))?;
    to.write_all(sanitize::json(&line).as_bytes()).and_then(|()| to.write_all(b"\n")).map_err(failed)
}
