//! Whether the tables are the ones that bn makes. An agent can add triggers and views to the file, which SQLite would run
//! for whoever writes or reads on the host: fill the disk, or never end.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::graph::error::GraphError;

/// Everything that a schema consists of, in an order of its own.
const EVERYTHING: &str = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name";
/// More than there is.
const ROWS_MAX: usize = 1000;
/// Of what all of `queries::MIGRATIONS` make.
const FINGERPRINT: &str = "4e044ae192a588cd82c2ba133a1d040df959afdf1f2242cbdbc3724599607546";

/// What is not as bn made it, if anything.
pub fn is_ours(conn: &Connection) -> Result<bool, GraphError> {
    Ok(fingerprint(conn)? == FINGERPRINT)
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
        migrate::upgrade(&mut conn).unwrap();
        assert_eq!(fingerprint(&conn).unwrap(), FINGERPRINT, "a new migration needs a new fingerprint");
        conn.execute_batch("VACUUM").unwrap();
        assert!(is_ours(&conn).unwrap(), "a copy is a graph, too");
        conn.execute_batch("CREATE TRIGGER x AFTER INSERT ON tasks BEGIN SELECT 1; END").unwrap();
        assert!(!is_ours(&conn).unwrap());
    }
}
