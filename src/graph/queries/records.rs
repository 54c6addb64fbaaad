//! Everything as it is kept, for export and import.

pub const TASKS: &str = "
  SELECT t.id, t.title, t.description, t.type, t.priority, t.status, t.assignee, t.session, t.claimed_at, t.created_by,
    t.created_at, t.updated_at, t.closed_by, t.closed_session, t.closed_at, t.closed_reason, t.deleted_at, t.lands_with,
    (SELECT group_concat(tag, ' ') FROM tags WHERE task = t.id), t.seq
  FROM tasks t";

/// The newer record wins; a claim keeps its session only where the session is known.
pub const PUT_TASK: &str = "
  INSERT INTO tasks (id, title, description, type, priority, status, assignee, session, claimed_at, created_by,
    created_at, updated_at, closed_by, closed_session, closed_at, closed_reason, deleted_at,
    lands_with)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT id FROM sessions WHERE id = ?8), ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
    ?17, ?18)
  ON CONFLICT (id) DO UPDATE SET title = excluded.title, description = excluded.description, type = excluded.type,
    priority = excluded.priority, status = excluded.status, assignee = excluded.assignee, session = excluded.session,
    claimed_at = excluded.claimed_at, created_by = excluded.created_by, created_at = excluded.created_at,
    updated_at = excluded.updated_at, closed_by = excluded.closed_by, closed_session = excluded.closed_session,
    closed_at = excluded.closed_at, closed_reason = excluded.closed_reason, deleted_at = excluded.deleted_at,
    lands_with = excluded.lands_with
  WHERE excluded.updated_at > tasks.updated_at";

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
