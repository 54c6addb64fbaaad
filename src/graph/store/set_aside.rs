//! What nobody can read any more, taken out of the graph and kept in a file: the rest can be used, and nothing is lost.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Row, params_from_iter};
use serde_json::{Map, json};

use crate::graph::error::GraphError;
use crate::graph::queries::{checks, events, sessions, tasks};
use crate::graph::store::unread::{hex, named, problem};
use crate::graph::store::{Reader, Writer, rows};

/// The rows of a task, whatever its id is made of: what is no text is compared as bytes.
const OF_TASK: &str = "CAST(task AS BLOB) IS ?";
const ENDS: &str = "CAST(source AS BLOB) IS ? OR CAST(target AS BLOB) IS ?";

/// A row that cannot be read, or that names what is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct BadRow {
    table: &'static str,
    /// The columns that tell it from the others, as SQL, and their values.
    key: &'static str,
    values: Vec<Value>,
    /// For people.
    pub name: String,
    pub problem: String,
    /// It can be read, and names what is not there.
    pub dangling: bool,
}

/// How one table is read: what a row is called, the columns that tell one from another, how to read it.
struct Table {
    name: &'static str,
    what: &'static str,
    key: &'static [&'static str],
    condition: &'static str,
    sql: String,
    read: fn(&Row) -> rusqlite::Result<()>,
}

fn tables() -> [Table; 6] {
    let table = |name, what, key, condition, sql, read| Table { name, what, key, condition, sql, read };
    [
        table("sessions", "session", &["id"], "CAST(id AS BLOB) IS ?", sessions::SELECT.to_owned(), |row| {
            rows::session(row).map(drop)
        }),
        table(
            "tasks",
            "task",
            &["seq"],
            "seq = ?",
            format!("{} FROM tasks t ORDER BY t.seq", tasks::select()),
            |row| rows::task_record(row).map(drop),
        ),
        table(
            "links",
            "a link of",
            &["source", "type", "target"],
            "CAST(source AS BLOB) IS ? AND CAST(type AS BLOB) IS ? AND CAST(target AS BLOB) IS ?",
            "SELECT source, type, target FROM links".to_owned(),
            |row| rows::link(row).map(drop),
        ),
        table(
            "tags",
            "a tag of",
            &["task", "tag"],
            "CAST(task AS BLOB) IS ? AND CAST(tag AS BLOB) IS ?",
            "SELECT task, tag FROM tags".to_owned(),
            |row| row.get::<_, String>("task").and_then(|_| row.get::<_, String>("tag")).map(drop),
        ),
        table(
            "origins",
            "the origin of",
            &["source", "foreign_id"],
            "CAST(source AS BLOB) IS ? AND CAST(foreign_id AS BLOB) IS ?",
            "SELECT task, source, foreign_id, fingerprint FROM origins".to_owned(),
            |row| (0..4).try_for_each(|column| row.get::<_, String>(column).map(drop)),
        ),
        table("events", "the event of", &["seq"], "seq = ?", events::with_seq(), |row| rows::event(row).map(drop)),
    ]
}

impl Reader<'_> {
    /// Every row that cannot be read, and every one that names what is not there.
    pub(super) fn bad_rows(&self) -> Result<Vec<BadRow>, GraphError> {
        let mut bad = Vec::new();
        for table in tables() {
            let mut statement = self.conn.prepare(&table.sql)?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                let Err(error) = (table.read)(row) else { continue };
                let problem = problem(row, &error).ok_or(error)?;
                bad.push(bad_row(&table, row, problem, false)?);
            }
        }
        for (name, dangling) in checks::DANGLING {
            for table in tables().into_iter().filter(|table| table.name == name) {
                let sql = format!("SELECT * FROM ({}) AS found WHERE {dangling}", table.sql);
                let mut statement = self.conn.prepare(&sql)?;
                let mut found = statement.query([])?;
                while let Some(row) = found.next()? {
                    let row = bad_row(&table, row, "it names a task that is not there".to_owned(), true)?;
                    if !bad.iter().any(|known| (known.table, &known.values) == (row.table, &row.values)) {
                        bad.push(row);
                    }
                }
            }
        }
        Ok(bad)
    }

    /// A row, and what goes with it, as lines of JSON.
    fn lines_of(&self, bad: &BadRow) -> Result<Vec<serde_json::Value>, GraphError> {
        let mut lines = self.rows_as_json(bad.table, bad.key, &bad.values, &bad.problem)?;
        if let Some(id) = self.task_of(bad)? {
            let both = [id.clone(), id.clone()];
            lines.extend(self.rows_as_json("tags", OF_TASK, &both[..1], "its task was set aside")?);
            lines.extend(self.rows_as_json("origins", OF_TASK, &both[..1], "its task was set aside")?);
            lines.extend(self.rows_as_json("links", ENDS, &both, "its task was set aside")?);
        }
        Ok(lines)
    }

    fn task_of(&self, bad: &BadRow) -> Result<Option<Value>, GraphError> {
        if bad.table != "tasks" {
            return Ok(None);
        }
        let mut statement = self.conn.prepare_cached("SELECT CAST(id AS BLOB) FROM tasks WHERE seq = ?1")?;
        Ok(Some(statement.query_row(params_from_iter(&bad.values), |row| row.get(0))?))
    }

    fn rows_as_json(
        &self,
        table: &str,
        key: &str,
        values: &[Value],
        problem: &str,
    ) -> Result<Vec<serde_json::Value>, GraphError> {
        let mut statement = self.conn.prepare(&format!("SELECT * FROM {table} WHERE {key}"))?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut found = statement.query(params_from_iter(values))?;
        let mut lines = Vec::new();
        while let Some(row) = found.next()? {
            let mut fields = Map::new();
            for (column, name) in names.iter().enumerate() {
                fields.insert(name.clone(), as_json(row, column)?);
            }
            lines.push(json!({ "table": table, "problem": problem, "row": fields }));
        }
        Ok(lines)
    }
}

/// A value from which it can be made again: what is no text, in hexadecimal digits.
fn as_json(row: &Row, column: usize) -> Result<serde_json::Value, GraphError> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => serde_json::Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(bytes) => {
            std::str::from_utf8(bytes).map_or_else(|_| json!({ "text": hex(bytes) }), serde_json::Value::from)
        }
        ValueRef::Blob(bytes) => json!({ "blob": hex(bytes) }),
    })
}

fn bad_row(table: &Table, row: &Row, problem: String, dangling: bool) -> Result<BadRow, GraphError> {
    let values = table.key.iter().map(|column| key_value(row, column)).collect::<Result<_, _>>()?;
    Ok(BadRow { table: table.name, key: table.condition, values, name: named(table.what, row), problem, dangling })
}

/// A number as it is, anything else as its bytes.
fn key_value(row: &Row, column: &str) -> Result<Value, GraphError> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        other => other.try_into().map_err(rusqlite::Error::from)?,
    })
}

impl Writer<'_> {
    /// Takes the rows out, once the file has them. They are looked for again: others write, too.
    pub(super) fn set_aside(&self, folder: &Path) -> Result<Option<PathBuf>, GraphError> {
        let bad = self.bad_rows()?;
        if bad.is_empty() {
            return Ok(None);
        }
        let mut lines = Vec::new();
        for row in &bad {
            lines.extend(self.lines_of(row)?);
        }
        let path = keep(folder, &lines, self.clock.get().short())?;
        // The rows that go with a row are found before any is gone.
        bad.iter().try_for_each(|row| self.take_out(row))?;
        let tasks = bad.iter().filter(|row| row.table == "tasks").count();
        self.conn.execute(checks::COUNT_SET_ASIDE, [tasks])?;
        Ok(Some(path))
    }

    fn take_out(&self, bad: &BadRow) -> Result<(), GraphError> {
        let run = |sql: &str, values: &[Value]| self.conn.execute(sql, params_from_iter(values));
        if let Some(id) = self.task_of(bad).or_else(gone)? {
            let both = [id.clone(), id.clone()];
            run(&format!("DELETE FROM links WHERE {ENDS}"), &both)?;
            run(&format!("DELETE FROM tags WHERE {OF_TASK}"), &both[..1])?;
            run(&format!("DELETE FROM origins WHERE {OF_TASK}"), &both[..1])?;
            run("DELETE FROM words WHERE rowid = ?", &bad.values)?;
        }
        if bad.table == "sessions" {
            run("UPDATE tasks SET session = NULL WHERE CAST(session AS BLOB) IS ?", &bad.values)?;
        }
        run(&format!("DELETE FROM {} WHERE {}", bad.table, bad.key), &bad.values)?;
        Ok(())
    }
}

/// A row that went with another one is no longer there.
fn gone(error: GraphError) -> Result<Option<Value>, GraphError> {
    match error {
        GraphError::Sql(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        other => Err(other),
    }
}

/// A file of its own for each time, on the disk before anything is taken out.
fn keep(folder: &Path, lines: &[serde_json::Value], at: String) -> Result<PathBuf, GraphError> {
    let stamp: String = at.chars().filter(char::is_ascii_alphanumeric).collect();
    for number in 0..1000 {
        let path = folder.join(format!("set-aside-{stamp}-{number}.jsonl"));
        let failed = |source| GraphError::File { verb: "write", path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
            other => other.map_err(failed)?,
        };
        lines.iter().try_for_each(|line| writeln!(file, "{line}")).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        return Ok(path);
    }
    Err(GraphError::Exists { path: folder.to_owned() })
}
