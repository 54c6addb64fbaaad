//! The state of a copy of the graph: whether it can be restored, and how many tasks it has.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::store::migrate::LATEST;
use crate::graph::store::{Reader, connection, schema};

/// What is in a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CopyState {
    Sound { tasks: u64 },
    Unsound { why: String },
}

impl CopyState {
    pub fn tasks(&self) -> Option<u64> {
        match self {
            CopyState::Sound { tasks } => Some(*tasks),
            CopyState::Unsound { .. } => None,
        }
    }
}

/// What a look has found, kept beside the copy: the next one is saved, and a copy of a large graph takes a second.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// The newest format that was known to who looked: to an older bn, a copy of a newer one is of no use.
    #[serde(default)]
    format: i64,
    bytes: u64,
    modified: i64,
    state: CopyState,
}

/// Where that is kept.
pub fn note_of(copy: &Path) -> PathBuf {
    copy.with_extension("look")
}

/// Reads a copy as a whole. It changes nothing, and what is wrong with the copy is no error.
pub fn at(path: &Path, found: &Metadata) -> CopyState {
    let (bytes, modified) = (found.len(), found.mtime());
    let note = fs::read(note_of(path)).ok().and_then(|text| serde_json::from_slice::<Note>(&text).ok());
    if let Some(note) = note.filter(|note| (note.format, note.bytes, note.modified) == (LATEST, bytes, modified)) {
        return note.state;
    }
    let state = read(path).unwrap_or_else(|error| CopyState::Unsound { why: error.to_string() });
    let note = serde_json::to_vec(&Note { format: LATEST, bytes, modified, state: state.clone() });
    // Where it cannot be kept, the next look takes as long as this one.
    drop(note.map(|note| fs::write(note_of(path), note)));
    state
}

fn read(path: &Path) -> Result<CopyState, GraphError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let (conn, _budget) = connection::open(path, flags)?;
    let unsound = |why: &str| Ok(CopyState::Unsound { why: why.to_owned() });
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > LATEST {
        return unsound(&format!("a newer bn wrote it: it has format {version}, and this one knows {LATEST}"));
    }
    if !schema::is_ours(&conn, version)? {
        return unsound("its tables are not the ones that bn makes");
    }
    let pages: String = conn.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if pages != "ok" {
        return Ok(CopyState::Unsound { why: pages });
    }
    if version == LATEST {
        let reader = Reader::new(&conn, usize::MAX);
        if let Some(bad) = reader.bad_rows()?.first() {
            return Ok(CopyState::Unsound { why: format!("{} cannot be read: {}", bad.name, bad.problem) });
        }
    }
    Ok(CopyState::Sound { tasks: tasks(&conn)? })
}

/// How many tasks a graph has: those that were set aside count, because bn takes out no other.
pub fn tasks(conn: &Connection) -> Result<u64, GraphError> {
    let sql =
        "SELECT count(*) + coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'set_aside'), 0) FROM tasks";
    let tasks: i64 = conn.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(tasks).unwrap_or(0))
}
