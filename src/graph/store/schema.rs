//! Whether the tables are the ones that bn makes. An agent can add triggers and views to the file, which SQLite would run
//! for whoever writes or reads on the host: fill the disk, or never end.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::graph::error::GraphError;
use crate::graph::queries::MIGRATIONS;

/// Everything that a schema consists of, in an order of its own.
const EVERYTHING: &str = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name";
/// More than there is.
const ROWS_MAX: usize = 1000;
/// Of what `queries::MIGRATIONS` make, step by step.
const FINGERPRINTS: [&str; MIGRATIONS.len()] = [
    "4e044ae192a588cd82c2ba133a1d040df959afdf1f2242cbdbc3724599607546",
    "ee8ee94d268f33c384035a8478e26e17c4305ecae25e914dcc3f2505068481db",
    "d7fd4aa3e165f366ff19ba03882be73e2d66d467382c3035a3aec3a54f85c93e",
    "a5c5ecc760323fef1332911e38abefb30a56e65c3c24cb55bec6db97075c10a2",
];

/// Whether these are the tables of this version.
pub fn is_ours(conn: &Connection, version: i64) -> Result<bool, GraphError> {
    let steps = usize::try_from(version).unwrap_or(0);
    let expected = steps.checked_sub(1).and_then(|last| FINGERPRINTS.get(last));
    Ok(expected == Some(&fingerprint(conn)?.as_str()))
}

fn fingerprint(conn: &Connection) -> Result<String, GraphError> {
    let mut statement = conn.prepare(EVERYTHING)?;
    let mut rows = statement.query([])?;
    let mut hash = Sha256::new();
    let mut seen = 0;
    while let Some(row) = rows.next()?.filter(|_| seen < ROWS_MAX) {
        for column in 0..4 {
            let text: String = row.get(column)?;
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        seen += 1;
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::store::migrate;

    #[test]
    fn the_fingerprint_is_that_of_the_migrations() {
        let mut conn = Connection::open_in_memory().unwrap();
        for (steps, expected) in (1..).zip(FINGERPRINTS) {
            migrate::apply(&mut conn, &MIGRATIONS[..steps], |_| Ok(())).unwrap();
            assert_eq!(fingerprint(&conn).unwrap(), expected, "a new migration needs a new fingerprint");
        }
        conn.execute_batch("VACUUM").unwrap();
        assert!(is_ours(&conn, migrate::LATEST).unwrap(), "a copy is a graph, too");
        assert!(!is_ours(&conn, 1).unwrap() && !is_ours(&conn, 0).unwrap());
        conn.execute_batch("CREATE TRIGGER x AFTER INSERT ON tasks BEGIN SELECT 1; END").unwrap();
        assert!(!is_ours(&conn, migrate::LATEST).unwrap());
    }
}
