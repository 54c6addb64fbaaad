//! Refuses files beside a graph that bn never puts there, and an agent may, before SQLite opens them.

use std::fs;
use std::io;
use std::path::Path;

use crate::graph::error::GraphError;
use crate::graph::store::FILE;

/// What may stand beside the file. A rollback journal is not among them: bn writes none, and SQLite would obey one.
pub const LOGS: [&str; 2] = ["-wal", "-shm"];
const JOURNAL: &str = "-journal";

/// Refuses a folder in which something stands that bn never made there.
pub fn refuse(folder: &Path) -> Result<(), GraphError> {
    for ending in LOGS.into_iter().chain([JOURNAL]) {
        let path = folder.join(format!("{FILE}{ending}"));
        let wrong = match fs::symlink_metadata(&path) {
            Ok(_) if ending == JOURNAL => "stands beside it, and bn never writes one",
            Ok(found) if !found.is_file() => "is not a regular file",
            Ok(_) => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(GraphError::Folder { path, source }),
        };
        return Err(GraphError::Damaged { path: folder.join(FILE), detail: format!("{} {wrong}", path.display()) });
    }
    Ok(())
}
