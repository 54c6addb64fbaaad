//! Rows that cannot be read, because somebody wrote to the file who is not bn: each is named, left out and counted, and the
//! others are read.

use std::collections::BTreeMap;
use std::fmt;

use rusqlite::types::ValueRef;
use rusqlite::{Error, Params, Row, Statement};
use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::text::line;
use crate::graph::store::Reader;

/// How many rows a warning names.
const NAMED: usize = 5;

/// The rows that were left out, and what is wrong with each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unread(BTreeMap<String, String>);

impl Unread {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn extend(&mut self, others: Unread) {
        self.0.extend(others.0);
    }

    pub fn add(&mut self, row: String, problem: String) {
        self.0.insert(row, problem);
    }
}

/// One line: how many, which, and why.
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<String> = self.0.iter().take(NAMED).map(|(row, problem)| format!("{row} ({problem})")).collect();
        let count = self.0.len();
        let (rows, are) = if count == 1 { ("row", "is") } else { ("rows", "are") };
        write!(f, "{count} {rows} of the graph cannot be read and {are} left out: {}", named.join(", "))?;
        if count > NAMED { write!(f, " and {} more", count - NAMED) } else { Ok(()) }
    }
}

impl Reader<'_> {
    /// Every row that can be read. `what` and the first column name those that cannot.
    pub(super) fn all<T>(
        &self,
        statement: &mut Statement,
        values: impl Params,
        what: &str,
        read: impl Fn(&Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, GraphError> {
        let mut found = statement.query(values)?;
        let mut all = Vec::new();
        while let Some(row) = found.next()? {
            match read(row) {
                Ok(value) => {
                    self.take_room(row, size_of::<T>())?;
                    all.push(value);
                }
                Err(error) => self.leave_out(what, row, error)?,
            }
        }
        Ok(all)
    }

    /// Strangers who ask for everything at once are not given all of the memory.
    fn take_room(&self, row: &Row, size: usize) -> Result<(), GraphError> {
        if self.most == usize::MAX {
            return Ok(());
        }
        let texts = (0..row.as_ref().column_count()).filter_map(|column| row.get_ref(column).ok());
        let bytes: usize = texts.map(|value| value.as_bytes_or_null().ok().flatten().map_or(0, <[u8]>::len)).sum();
        match self.room.get().checked_sub(bytes + size) {
            Some(left) => self.room.set(left),
            None => return Err(GraphError::TooMuch { most: self.most >> 20 }),
        }
        Ok(())
    }

    /// Names a row that cannot be read; any other error is one.
    pub(super) fn leave_out(&self, what: &str, row: &Row, error: Error) -> Result<(), GraphError> {
        let problem = problem(row, &error).ok_or(error)?;
        self.unread.borrow_mut().add(named(what, row), problem);
        Ok(())
    }

    /// The one row there is, or the error that names it.
    pub(super) fn one<T>(
        &self,
        statement: &mut Statement,
        values: impl Params,
        what: &str,
        read: impl Fn(&Row) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, GraphError> {
        let mut found = statement.query(values)?;
        let Some(row) = found.next()? else { return Ok(None) };
        match read(row) {
            Ok(value) => Ok(Some(value)),
            Err(error) => match problem(row, &error) {
                Some(problem) => Err(GraphError::Unreadable { row: named(what, row), problem }),
                None => Err(error.into()),
            },
        }
    }
}

pub fn named(what: &str, row: &Row) -> String {
    let id = row.get_ref(0).ok().map(|value| match value {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_or_else(|_| plain(value), |text| line(text, 60)),
        other => plain(other),
    });
    format!("{what} {}", id.unwrap_or_default())
}

/// What is wrong with a value of this row, in words. `None` where it is not a value that is wrong.
pub fn problem(row: &Row, error: &Error) -> Option<String> {
    let (column, why) = match error {
        Error::InvalidColumnType(column, ..) => (*column, "of the wrong type"),
        Error::IntegralValueOutOfRange(column, _) => (*column, "out of range"),
        Error::FromSqlConversionFailure(column, ..) => (*column, "none that bn writes"),
        Error::Utf8Error(column, _) => (*column, "not UTF-8"),
        _ => return None,
    };
    let name = row.as_ref().column_name(column).unwrap_or_default();
    let value = row.get_ref(column).map(plain).unwrap_or_default();
    Some(format!("its {name} is {why}: {value}"))
}

/// A value as one that can be shown, bytes as SQL writes them.
fn plain(value: ValueRef) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => {
            let text: String = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).chars().take(40).collect();
            format!("{text:?}")
        }
        ValueRef::Blob(bytes) => format!("x'{}'", hex(&bytes[..bytes.len().min(16)])),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
