//! Sessions.

/// The names by which `store::rows` reads a session.
pub const COLUMNS: [&str; 10] =
    ["id", "name", "agent_type", "container", "place", "started_at", "seen_at", "ended_at", "end_reason", "summary"];
pub const SELECT: &str =
    "SELECT id, name, agent_type, container, place, started_at, seen_at, ended_at, end_reason, summary FROM sessions s";

pub const INSERT: &str = "
  INSERT INTO sessions (id, name, agent_type, container, place, started_at, seen_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";

pub const OF_PLACE: &str = "SELECT id FROM sessions WHERE place = ?1 AND name = ?2 AND ended_at IS NULL";
pub const IS_ENDED: &str = "SELECT ended_at IS NOT NULL FROM sessions WHERE id = ?1";

/// Whether an agent of a run of this name was ever here.
pub const IS_RUN: &str = "SELECT EXISTS (SELECT 1 FROM sessions WHERE container = ?1)";

/// A sign of life.
pub const SEEN: &str = "UPDATE sessions SET seen_at = ?2 WHERE id = ?1 AND ended_at IS NULL AND seen_at < ?2";

pub const SET_TYPE: &str = "UPDATE sessions SET agent_type = ?2 WHERE id = ?1 AND agent_type IS DISTINCT FROM ?2";

pub const REVIVE: &str = "
  UPDATE sessions SET ended_at = NULL, end_reason = NULL, seen_at = max(seen_at, ?2), agent_type = coalesce(?3, agent_type)
  WHERE id = ?1";

/// The first summary stays.
pub const END: &str = "
  UPDATE sessions SET ended_at = max(seen_at, ?2), end_reason = ?3, summary = coalesce(summary, ?4)
  WHERE id = ?1 AND ended_at IS NULL";

/// The last words of the agents that left some, latest first.
pub fn last_summaries() -> String {
    format!("{SELECT} WHERE s.ended_at IS NOT NULL AND s.summary IS NOT NULL ORDER BY s.ended_at DESC LIMIT ?1")
}

/// Those who are here, or all, latest first.
pub fn latest(all: bool) -> String {
    let condition = if all { "" } else { "WHERE s.ended_at IS NULL" };
    format!("{SELECT} {condition} ORDER BY s.started_at DESC, s.id LIMIT ?1")
}

pub fn count(all: bool) -> &'static str {
    if all { "SELECT count(*) FROM sessions" } else { "SELECT count(*) FROM sessions WHERE ended_at IS NULL" }
}

pub fn starting_with() -> String {
    format!("{SELECT} WHERE s.id >= ?1 AND s.id < ?2 ORDER BY s.id LIMIT 2")
}
