//! A connection to a database, with everything set that a graph needs and a stranger must not have.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use crate::graph::error::GraphError;
use crate::graph::store::budget::Budget;
use crate::graph::store::sql_error;

/// The longest text or blob that is read or written, in bytes: a few of SQLite's own billion would be all of the memory.
const LONGEST: i32 = 64 << 20;

/// Opens a graph, or a copy of one.
pub fn open(path: &Path, flags: OpenFlags) -> Result<(Connection, Budget), GraphError> {
    let mut conn = Connection::open_with_flags(path, flags)?;
    be_patient(&mut conn)?;
    let budget = Budget::watch(&mut conn)?;
    conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;")?;
    Ok((conn, budget))
}

/// SQLite's own waiting grows to a tenth of a second and starves the unlucky: short, uneven waits are fairer.
fn be_patient(conn: &mut Connection) -> Result<(), GraphError> {
    let mut began = Instant::now();
    let wait = move |attempt: i32| {
        if attempt == 0 {
            began = Instant::now();
        }
        let chance = getrandom::u32().unwrap_or(attempt.unsigned_abs());
        let longest = 1 << attempt.clamp(0, 4);
        std::thread::sleep(Duration::from_micros(200 + u64::from(chance % (longest * 1000))));
        began.elapsed() < sql_error::BUSY_TIMEOUT
    };
    Ok(conn.busy_handler(Some(wait))?)
}
