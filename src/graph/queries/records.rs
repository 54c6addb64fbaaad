//! Everything as it is kept, for export and import.

/// Of two open sessions of one name and place, the one that is here keeps the place.
pub const PUT_SESSION: &str = "
  INSERT INTO sessions (id, name, agent_type, container, place, started_at, seen_at, ended_at, end_reason, summary)
  VALUES (?1, ?2, ?3, ?4, CASE WHEN ?8 IS NULL AND EXISTS (
      SELECT 1 FROM sessions WHERE place = ?5 AND name = ?2 AND ended_at IS NULL AND id <> ?1) THEN NULL ELSE ?5 END,
    ?6, ?7, ?8, ?9, ?10)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, agent_type = excluded.agent_type, seen_at = excluded.seen_at,
    ended_at = excluded.ended_at, end_reason = excluded.end_reason, summary = excluded.summary
  WHERE excluded.seen_at > sessions.seen_at OR (sessions.ended_at IS NULL AND excluded.ended_at IS NOT NULL)";

pub const LINKS: &str = "SELECT source, type, target FROM links ORDER BY source, type, target";
pub const SESSIONS_ORDER: &str = "ORDER BY s.started_at, s.id";
pub const TASKS_ORDER: &str = "ORDER BY t.created_at, t.id";

/// A claim without a session is nobody's: no release would ever come.
pub const RELEASE_UNHELD: &str = "
  UPDATE tasks SET status = 'open', claimed_at = NULL WHERE status = 'in_progress' AND session IS NULL";
