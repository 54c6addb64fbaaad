//! How many tasks there are of each sort.

use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::tasks::{BLOCKED, IN_PROGRESS, LANDING, deferred, ready};

/// Where counting ends. To an agent, and to a person, more than this is simply many; and the time it takes stays the same.
pub const ENOUGH: u64 = 10_000;

/// Each reads a partial index that holds nothing else.
pub fn open(now: Timestamp) -> String {
    format!(
        "SELECT ({}) AS ready, ({}) AS deferred, ({}) AS blocked, ({}) AS in_progress, ({}) AS landing",
        of(&ready(now)),
        of(&deferred(now)),
        of(BLOCKED),
        of(IN_PROGRESS),
        of(LANDING)
    )
}

/// How many tasks a condition holds for, up to `ENOUGH`.
pub fn of(condition: &str) -> String {
    format!("SELECT count(*) FROM (SELECT 1 FROM tasks t WHERE {condition} LIMIT {ENOUGH}) AS some")
}
