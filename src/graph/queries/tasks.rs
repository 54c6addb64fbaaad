//! Tasks.

/// The columns of a task, in the order in which `store::rows` reads them.
pub const COLUMNS: &str = "
  t.id, t.title, t.description, t.type, t.priority, t.status, t.assignee, t.session, t.claimed_at,
  t.created_by, t.created_at, t.updated_at, t.closed_by, t.closed_at, t.closed_reason, t.deleted_at,
  t.lands_with, t.waits_for, t.open_children, t.unblocks,
  (SELECT source FROM links WHERE target = t.id AND type = 'parent_of'),
  (SELECT group_concat(tag, ' ') FROM tags WHERE task = t.id)";

/// What can be worked on now. The words are those of the index `tasks_ready`.
pub const READY: &str = "t.status = 'open' AND t.deleted_at IS NULL AND t.waits_for = 0 AND t.open_children = 0";

/// What waits for another task. The words are those of the index `tasks_blocked`.
pub const BLOCKED: &str = "t.status = 'open' AND t.deleted_at IS NULL AND t.waits_for > 0";

pub const IN_PROGRESS: &str = "t.status = 'in_progress' AND t.deleted_at IS NULL";

/// What was closed in a run whose work has not landed.
pub const LANDING: &str = "t.status = 'landing' AND t.deleted_at IS NULL";

/// What can be worked on in one run, and in no other before its work has landed: all that it waits for was closed there.
pub const UNLOCKED: &str =
    "t.status = 'open' AND t.deleted_at IS NULL AND t.waits_for + t.open_children > 0 AND t.id IN (
  SELECT l.source FROM tasks a JOIN links l ON l.target = a.id AND l.type IN ('depends_on', 'parent_of')
    WHERE a.lands_with = ? AND a.status = 'landing' AND a.deleted_at IS NULL)
  AND t.waits_for + t.open_children = (
    SELECT count(*) FROM links l JOIN tasks o ON o.id = l.target
    WHERE l.source = t.id AND l.type IN ('depends_on', 'parent_of')
      AND o.lands_with = ? AND o.status = 'landing' AND o.deleted_at IS NULL)";

pub const IDS_FROM: &str = "SELECT id FROM tasks WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3";

pub const INSERT: &str = "
  INSERT INTO tasks (id, title, description, type, priority, assignee, created_by, created_at, updated_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
  ON CONFLICT (id) DO NOTHING";

pub const UPDATE: &str = "
  UPDATE tasks SET title = ?2, description = ?3, type = ?4, priority = ?5, assignee = ?6, updated_at = ?7
  WHERE id = ?1";

/// The compare-and-set: of any number of claims, one finds the task open.
pub const CLAIM: &str = "
  UPDATE tasks SET status = 'in_progress', session = ?2, assignee = ?3, claimed_at = ?4, updated_at = ?4
  WHERE id = ?1 AND status = 'open' AND deleted_at IS NULL AND (?5 OR waits_for = (
    SELECT count(*) FROM links l JOIN tasks o ON o.id = l.target
    WHERE l.source = tasks.id AND l.type = 'depends_on'
      AND o.lands_with = ?2 AND o.status = 'landing' AND o.deleted_at IS NULL))
  RETURNING id";

/// Takes a claim from the session that was seen to hold it, and from no other.
pub const TAKE_OVER: &str = "
  UPDATE tasks SET session = ?2, assignee = ?3, claimed_at = ?4, updated_at = ?4
  WHERE id = ?1 AND status = 'in_progress' AND deleted_at IS NULL AND session IS NOT DISTINCT FROM ?5
  RETURNING id";

pub const RELEASE: &str = "
  UPDATE tasks SET status = 'open', session = NULL, assignee = NULL, claimed_at = NULL, updated_at = ?2
  WHERE id = ?1 AND status = 'in_progress'";

pub const CLOSE: &str = "
  UPDATE tasks SET status = ?2, closed_reason = ?3, closed_by = ?4, closed_session = ?5, closed_at = ?6,
    session = NULL, claimed_at = NULL, updated_at = ?6, lands_with = ?7
  WHERE id = ?1";

/// The work that a task was closed with has landed.
pub const LAND: &str = "UPDATE tasks SET status = 'done', lands_with = NULL, updated_at = ?2 WHERE id = ?1";

pub const REOPEN: &str = "
  UPDATE tasks SET status = 'open', closed_reason = NULL, closed_by = NULL, closed_session = NULL, closed_at = NULL,
    assignee = NULL, session = NULL, claimed_at = NULL, updated_at = ?2, lands_with = ?3
  WHERE id = ?1";

pub const SET_DELETED: &str = "UPDATE tasks SET deleted_at = ?2, updated_at = ?3 WHERE id = ?1";

pub const TOUCH: &str = "UPDATE tasks SET updated_at = ?2 WHERE id = ?1";

/// The tasks of a session: those it holds, and those it closed as done.
pub const HELD: &str = "SELECT id FROM tasks WHERE session = ?1 AND status = 'in_progress' ORDER BY claimed_at, id";
pub const CLOSED_BY: &str = "
  SELECT id FROM tasks WHERE closed_session = ?1 AND status IN ('landing', 'done') AND deleted_at IS NULL
  ORDER BY closed_at, id";

/// The tasks that the landing of a session's work closes: those that it closed, and those that were opened again meanwhile.
pub const LANDS_WITH: &str = "SELECT id FROM tasks WHERE lands_with = ?1 AND deleted_at IS NULL ORDER BY closed_at, id";

/// No landing of this session's work is to come.
pub const FORGET_RUN: &str = "UPDATE tasks SET lands_with = NULL WHERE lands_with = ?1 AND status <> 'landing'";

/// Live neighbours by name: what a task depends on, its children.
pub const LIVE_TARGETS: &str = "
  SELECT t.id, t.title, t.status FROM links l JOIN tasks t ON t.id = l.target
  WHERE l.source = ?1 AND l.type = ?2 AND t.live AND NOT (t.status = 'landing' AND t.lands_with IS ?4)
  ORDER BY t.priority, t.created_at, t.id LIMIT ?3";

/// What depends on a task and can be worked on now.
pub const NOW_READY: &str = "
  SELECT t.id, t.title, t.status FROM links l JOIN tasks t ON t.id = l.source
  WHERE l.target = ?1 AND l.type = 'depends_on' AND t.status = 'open' AND t.deleted_at IS NULL
    AND t.waits_for = 0 AND t.open_children = 0
  ORDER BY t.priority, t.created_at, t.id LIMIT ?2";

/// The same for those that can be worked on in the run alone in which the task was closed.
pub const UNLOCKED_BY: &str = "
  SELECT t.id, t.title, t.status FROM tasks t WHERE t.status = 'open' AND t.deleted_at IS NULL
    AND t.id IN (SELECT source FROM links WHERE target = ?1 AND type = 'depends_on')
    AND t.waits_for + t.open_children = (
      SELECT count(*) FROM links l JOIN tasks o ON o.id = l.target
      WHERE l.source = t.id AND l.type IN ('depends_on', 'parent_of')
        AND o.lands_with = ?3 AND o.status = 'landing' AND o.deleted_at IS NULL)
  ORDER BY t.priority, t.created_at, t.id LIMIT ?2";

pub const NOTES: &str = "SELECT at, actor, data FROM events WHERE task = ?1 AND kind = 'noted' ORDER BY at, seq";

/// When a task was written to last.
pub const LAST_WRITE: &str = "
  SELECT CAST(max(updated_at, coalesce((SELECT max(at) FROM events WHERE task = ?1), updated_at),
    coalesce((SELECT max(at) FROM events WHERE other = ?1), updated_at)) AS INTEGER) FROM tasks WHERE id = ?1";

pub const HELD_NAMED: &str =
    "SELECT id, title, status FROM tasks WHERE session = ?1 AND status = 'in_progress' ORDER BY claimed_at, id";
