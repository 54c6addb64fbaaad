//! From an older schema to this program's.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::graph::error::GraphError;
use crate::graph::queries::MIGRATIONS;
use crate::graph::store::word_index;

/// The version that this program reads and writes.
pub const LATEST: i64 = MIGRATIONS.len() as i64;

/// Brings a graph up to date, once a copy of it is safe.
pub fn upgrade_with_backup(conn: &mut Connection, found: i64, backups: &Path) -> Result<(), GraphError> {
    let trouble = |source| GraphError::File { verb: "make", path: backups.to_owned(), source };
    fs::create_dir_all(backups).map_err(trouble)?;
    fs::set_permissions(backups, Permissions::from_mode(0o700)).map_err(trouble)?;
    let copy = backups.join(format!("graph-v{found}.db"));
    if !copy.exists() {
        super::backup::copy(conn, &copy)?;
    }
    upgrade(conn)
}

/// All steps in one transaction; who comes second finds them done.
pub fn upgrade(conn: &mut Connection) -> Result<(), GraphError> {
    apply(conn, MIGRATIONS, word_index::index_all)
}

/// Takes those of the steps that a graph has not seen, and then the one that SQL has no words for.
pub fn apply(
    conn: &mut Connection,
    steps: &[&str],
    last: impl FnOnce(&Connection) -> Result<(), GraphError>,
) -> Result<(), GraphError> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for step in steps.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    last(&transaction)?;
    transaction.pragma_update(None, "user_version", steps.len() as i64)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_steps_are_taken() {
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x); INSERT INTO b VALUES (1)"];
        let mut conn = Connection::open_in_memory().unwrap();
        apply(&mut conn, &steps[..1], |_| Ok(())).unwrap();
        apply(&mut conn, &steps, |_| Ok(())).unwrap();
        apply(&mut conn, &steps, |_| Ok(())).unwrap();
        let rows: i64 = conn.query_row("SELECT count(*) FROM b", [], |row| row.get(0)).unwrap();
        let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!((rows, version), (1, 2));
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_graph() {
        let mut conn = Connection::open_in_memory().unwrap();
        apply(&mut conn, &["CREATE TABLE a (x)"], |_| Ok(())).unwrap();
        assert!(apply(&mut conn, &["CREATE TABLE a (x)", "CREATE TABLE b (x); nonsense"], |_| Ok(())).is_err());
        let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!((tables, version), (1, 1));
    }
}
