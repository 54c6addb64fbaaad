//! A copy of the graph, made while others write.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::graph::error::GraphError;
use crate::graph::store::{ALL_ROWS, Store, sql_error};

impl Store {
    /// Writes a complete copy to a file that does not exist yet: one file, no log beside it. Returns its size in bytes.
    pub fn backup(&self, to: &Path) -> Result<u64, GraphError> {
        self.backup_within(ALL_ROWS, to)
    }

    /// The same, with so much work.
    pub fn backup_within(&self, work: Duration, to: &Path) -> Result<u64, GraphError> {
        self.budget.grant(work);
        copy(&self.conn, to).map_err(|error| sql_error::locate(error, &self.folder))
    }
}

/// `VACUUM INTO` reads one consistent state and takes no lock that would stop a writer. Returns the copy's size in bytes.
pub fn copy(conn: &Connection, to: &Path) -> Result<u64, GraphError> {
    let failed = |verb, source| GraphError::File { verb, path: to.to_owned(), source };
    let folder = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".bn-backup-").tempdir_in(folder).map_err(|e| failed("write to", e))?;
    let path = draft.path().join("copy");
    let text = path.to_str().ok_or_else(|| failed("write to", std::io::Error::other("its path is not UTF-8")))?;
    // It is synced below, once, and nobody sees it before.
    conn.pragma_update(None, "synchronous", "OFF")?;
    let copied = conn.execute("VACUUM INTO ?1", [text]);
    conn.pragma_update(None, "synchronous", "FULL")?;
    copied.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => GraphError::Full { path: folder.to_owned() },
        _ => error.into(),
    })?;
    let file = fs::File::open(&path).and_then(|file| file.sync_all().map(|()| file));
    // Asked before others see it: a run that starts at the same time may drop a copy that says nothing new.
    let size = file.and_then(|file| file.metadata()).map_err(|e| failed("write to", e))?.len();
    match fs::hard_link(&path, to) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(GraphError::Exists { path: to.to_owned() })
        }
        Err(error) => Err(failed("write to", error)),
        Ok(()) => {
            let synced = fs::File::open(folder).and_then(|file| file.sync_all());
            synced.map(|()| size).map_err(|e| failed("write to", e))
        }
    }
}
