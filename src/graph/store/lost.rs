//! Refuses a graph that is gone, or that has no task left where a copy has some: bn never removes tasks, so another program did.

use std::path::Path;

use rusqlite::Connection;

use crate::graph::error::GraphError;
use crate::graph::store::copies::{self, Copy};
use crate::graph::store::copy_state;

/// The copy that has the most, and the latest of those.
pub fn fullest(backups: &Path) -> Result<Option<(Copy, u64)>, GraphError> {
    let copies = copies::list(backups)?.into_iter().filter_map(|copy| Some((copy.state.tasks()?, copy)));
    Ok(copies.max_by(|(left, a), (right, b)| (left, &a.name).cmp(&(right, &b.name))).map(|(tasks, copy)| (copy, tasks)))
}

/// Refuses to make a graph where there was one.
pub fn refuse_new(path: &Path, backups: Option<&Path>) -> Result<(), GraphError> {
    let found = backups.map(fullest).transpose()?.flatten();
    found.map_or(Ok(()), |(copy, tasks)| Err(GraphError::Gone { path: path.to_owned(), copy: copy.name, tasks }))
}

/// Refuses a graph in which there is no task any more.
pub fn refuse_emptied(conn: &Connection, path: &Path, backups: Option<&Path>) -> Result<(), GraphError> {
    let Some(backups) = backups else { return Ok(()) };
    if conn.query_row("SELECT EXISTS (SELECT 1 FROM tasks)", [], |row| row.get(0))? {
        return Ok(());
    }
    let now = copy_state::tasks(conn)?;
    match fullest(backups)? {
        Some((copy, tasks)) if tasks > now => {
            Err(GraphError::Emptied { path: path.to_owned(), copy: copy.name, tasks })
        }
        _ => Ok(()),
    }
}
