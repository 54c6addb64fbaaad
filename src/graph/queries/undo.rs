//! Changes of one's own, and what came after them.

/// The latest change of a session that was not undone.
pub const LAST_OF_SESSION: &str = "
  SELECT seq, change FROM events
  WHERE session = ?1 AND change IS NOT NULL AND undone_by IS NULL AND kind NOT IN ('session_started', 'committed')
  ORDER BY at DESC, seq DESC LIMIT 1";

/// The same for what was changed under a name before there was a session.
pub const LAST_OF_NAME: &str = "
  SELECT seq, change FROM events
  WHERE session IS NULL AND actor = ?1 AND change IS NOT NULL AND undone_by IS NULL
  ORDER BY seq DESC LIMIT 1";

/// What happened to a task after an event, but for what was undone.
pub const ANY_SINCE: &str = "
  SELECT actor, kind FROM (
    SELECT seq, actor, kind, undone_by FROM events WHERE task = ?1
    UNION ALL SELECT seq, actor, kind, undone_by FROM events WHERE other = ?1
  ) AS of_task WHERE seq > ?2 AND undone_by IS NULL ORDER BY seq LIMIT 1";

/// The same for what a task says and is: notes on it, and links to it, do not count.
pub const CHANGE_SINCE: &str = "
  SELECT actor, kind FROM events
  WHERE task = ?1 AND seq > ?2 AND undone_by IS NULL AND kind NOT IN ('noted', 'linked', 'unlinked', 'committed')
  ORDER BY seq LIMIT 1";

/// Both are passed over from now on: the change, and the one that undid it.
pub const MARK: &str = "UPDATE events SET undone_by = ?2 WHERE change IN (?1, ?2)";

/// A note that was taken back is one no more.
pub const RETRACT: &str = "UPDATE events SET kind = 'retracted' WHERE seq = ?1 AND kind = 'noted'";

/// Puts a task's words into the index anew.
pub const REINDEX: &str = "UPDATE tasks SET title = title, updated_at = ?2 WHERE id = ?1";
