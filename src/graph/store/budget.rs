//! How much work SQLite may do before it is stopped: an agent can write a graph whose every reading would never end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};

use crate::graph::error::GraphError;

/// For what looks at a few rows of a large graph. A hundred thousand tasks cost some milliseconds.
pub const SOME_ROWS: Duration = Duration::from_secs(10);
/// For what looks at all of it, or writes much: two hundred thousand records are written in ten seconds.
pub const ALL_ROWS: Duration = Duration::from_secs(120);

/// For what a run writes: everybody else waits meanwhile. Two thousand changes are made in a second or two.
pub const RUN_WRITES: Duration = Duration::from_secs(5);

/// How often SQLite asks, in its own steps: often enough, and too seldom to cost anything.
const EVERY: i32 = 10_000;

/// The work that a connection may do, in time of this thread on a processor: waiting for others, or for a slow disk, is no work.
#[derive(Clone, Debug)]
pub struct Budget {
    until: Arc<AtomicU64>,
}

impl Budget {
    /// Watches over everything that this connection does from now on.
    pub fn watch(conn: &mut Connection) -> Result<Self, GraphError> {
        let budget = Self { until: Arc::new(AtomicU64::new(0)) };
        budget.grant(SOME_ROWS);
        let until = Arc::clone(&budget.until);
        conn.progress_handler(EVERY, Some(move || worked() > until.load(Ordering::Relaxed)))?;
        Ok(budget)
    }

    /// So much from now on.
    pub fn grant(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.until.store(worked().saturating_add(time), Ordering::Relaxed);
    }
}

/// What this thread has worked so far, in nanoseconds.
fn worked() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    part(time.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(time.tv_nsec))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_without_an_end_is_stopped_and_other_work_is_not() {
        let mut conn = Connection::open_in_memory().unwrap();
        let budget = Budget::watch(&mut conn).unwrap();
        let rows = |limit: &str| {
            let sql = format!(
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c {limit}) SELECT count(*) FROM c"
            );
            conn.query_row(&sql, [], |row| row.get::<_, i64>(0))
        };
        assert_eq!(rows("LIMIT 100000").unwrap(), 100_000);
        budget.grant(Duration::from_millis(50));
        let stopped = rows("").unwrap_err();
        assert_eq!(stopped.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted));
        budget.grant(SOME_ROWS);
        assert_eq!(rows("LIMIT 100000").unwrap(), 100_000);
    }
}
