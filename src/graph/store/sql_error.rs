//! From SQLite's error codes to the graph's errors, with the folder in them.

use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

use crate::graph::error::GraphError;
use crate::graph::store::FILE;

/// How long a write waits for the others before it gives up.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Says what a database error means for the graph in `folder`; other errors pass through.
pub fn locate(error: GraphError, folder: &Path) -> GraphError {
    let source = match error {
        GraphError::Sql(source) => source,
        GraphError::Operation { number, source } => {
            return GraphError::Operation { number, source: Box::new(locate(*source, folder)) };
        }
        other => return other,
    };
    let path = folder.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            GraphError::Busy { path, seconds: BUSY_TIMEOUT.as_secs() }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            GraphError::Damaged { path: path.join(FILE), detail: source.to_string() }
        }
        Some(ErrorCode::OperationInterrupted) => GraphError::Endless { path: path.join(FILE) },
        Some(ErrorCode::TooBig) => GraphError::Damaged {
            path: path.join(FILE),
            detail: "a text in it is longer than any that bn writes".to_owned(),
        },
        Some(ErrorCode::DiskFull) => GraphError::Full { path },
        Some(ErrorCode::SystemIoFailure) if is_full(folder) => GraphError::Full { path },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => read_only(folder),
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) if is_full(folder) => GraphError::Full { path },
        Some(ErrorCode::CannotOpen) if !is_writable(folder) => read_only(folder),
        _ => GraphError::Sql(source),
    }
}

fn read_only(folder: &Path) -> GraphError {
    GraphError::ReadOnly { path: folder.join(FILE), uid: rustix::process::geteuid().as_raw() }
}

/// The log's shared memory needs room too, and its failure does not say that it was the room.
fn is_full(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|found| found.f_bavail * found.f_frsize < 64 * 1024)
}

fn is_writable(folder: &Path) -> bool {
    let access = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK;
    let allowed = |path: &Path| rustix::fs::accessat(rustix::fs::CWD, path, access, rustix::fs::AtFlags::EACCESS);
    allowed(folder).is_ok() && allowed(&folder.join(FILE)).is_ok()
}
