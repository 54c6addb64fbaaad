//! Events.

/// The names by which `store::rows` reads an event.
pub const COLUMNS: [&str; 8] = ["at", "actor", "session", "task", "other", "kind", "data", "seq"];
const LIST: &str = "at, actor, session, task, other, kind, data, seq";

/// An event of this transaction, with the number of its change.
pub const INSERT_OWN: &str = "INSERT INTO events (at, actor, session, task, other, kind, data, change)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
pub const NEXT: &str = "SELECT coalesce(max(seq), 0) + 1 FROM events";

pub const INSERT: &str =
    "INSERT INTO events (at, actor, session, task, other, kind, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// Of everything, latest first.
pub fn of_all() -> String {
    format!("SELECT {LIST} FROM events ORDER BY at DESC, seq DESC LIMIT ?1")
}

/// Of one task, at either end of a link, latest first.
pub fn of_task() -> String {
    format!(
        "SELECT {LIST} FROM (
           SELECT {LIST} FROM events WHERE task = ?2 UNION ALL SELECT {LIST} FROM events WHERE other = ?2
         ) AS of_task ORDER BY at DESC, seq DESC LIMIT ?1"
    )
}

/// By one session, latest first.
pub fn of_session() -> String {
    format!("SELECT {LIST} FROM events WHERE session = ?2 ORDER BY at DESC, seq DESC LIMIT ?1")
}

/// By the agent of each run that bore a name, latest first.
pub fn of_run() -> String {
    format!(
        "SELECT {LIST} FROM events WHERE session IN (SELECT id FROM sessions WHERE container = ?2) ORDER BY at DESC, seq DESC LIMIT ?1"
    )
}

/// Of one change, last first.
pub fn of_change() -> String {
    format!("SELECT {LIST} FROM events WHERE change = ?1 ORDER BY seq DESC")
}

/// Everything as it is kept, each with what tells it from the others.
pub fn with_seq() -> String {
    format!("SELECT {LIST} FROM events ORDER BY seq")
}

/// Everything, in the order in which it happened.
pub fn in_order() -> String {
    format!("SELECT {LIST} FROM events ORDER BY at, seq")
}
