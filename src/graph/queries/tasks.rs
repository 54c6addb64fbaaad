//! Tasks.

use std::sync::LazyLock;

use crate::graph::model::fields::FIELDS;
use crate::graph::model::timestamp::Timestamp;

/// The columns in which a task is kept, but for the optional fields.
const STORED: [&str; 18] = [
    "id",
    "title",
    "description",
    "type",
    "priority",
    "status",
    "assignee",
    "session",
    "claimed_at",
    "created_by",
    "created_at",
    "updated_at",
    "closed_by",
    "closed_session",
    "closed_at",
    "closed_reason",
    "deleted_at",
    "lands_with",
];

/// What follows from others, and the row's number.
const DERIVED: [&str; 5] = ["seq", "effective_priority", "waits_for", "open_children", "unblocks"];

/// The names of all that `select` reads of a task.
pub static COLUMNS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let fields = FIELDS.iter().map(|field| field.name);
    STORED.into_iter().chain(DERIVED).chain(fields).chain(["parent", "tags"]).collect()
});

/// `SELECT` with all columns of a task.
pub fn select() -> String {
    let columns = COLUMNS.iter().map(|name| match *name {
        "parent" => "(SELECT source FROM links WHERE target = t.id AND type = 'parent_of') AS parent".to_owned(),
        "tags" => "(SELECT group_concat(tag, ' ') FROM tags WHERE task = t.id) AS tags".to_owned(),
        name => format!("t.{name}"),
    });
    format!("SELECT {}", columns.collect::<Vec<_>>().join(", "))
}

/// Adds a row with these columns, unless its id is taken.
pub fn insert(columns: &[&str]) -> String {
    let marks: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
    format!("INSERT INTO tasks ({}) VALUES ({}) ON CONFLICT (id) DO NOTHING", columns.join(", "), marks.join(", "))
}

/// Changes these columns of the task whose id is bound last.
pub fn update(columns: &[&str]) -> String {
    let each: Vec<String> = columns.iter().zip(1..).map(|(name, number)| format!("{name} = ?{number}")).collect();
    format!("UPDATE tasks SET {} WHERE id = ?{}", each.join(", "), columns.len() + 1)
}

/// Adds a row with these columns, or puts it in the place of an older one of the same id. A claim keeps its session only where the
/// session is known.
pub fn put(columns: &[&str]) -> String {
    let mark = |(name, number): (&&str, usize)| match *name {
        "session" => format!("(SELECT id FROM sessions WHERE id = ?{number})"),
        _ => format!("?{number}"),
    };
    let marks: Vec<String> = columns.iter().zip(1..).map(mark).collect();
    let changed = columns.iter().filter(|name| **name != "id").map(|name| format!("{name} = excluded.{name}"));
    format!(
        "INSERT INTO tasks ({}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET {} WHERE excluded.updated_at > tasks.updated_at",
        columns.join(", "),
        marks.join(", "),
        changed.collect::<Vec<_>>().join(", ")
    )
}

/// Open, and no task stands in the way. The words are those of the index `tasks_ready`.
pub const UNHINDERED: &str = "t.status = 'open' AND t.deleted_at IS NULL AND t.waits_for = 0 AND t.open_children = 0";

/// What can be worked on now.
pub fn ready(now: Timestamp) -> String {
    format!("{UNHINDERED} AND {}", not_deferred(now))
}

/// Not put off to a later time.
pub fn not_deferred(now: Timestamp) -> String {
    format!("(t.defer_until IS NULL OR t.defer_until <= {})", now.micros())
}

/// What is put off to a later time. The words are those of the index `tasks_deferred`.
pub fn deferred(now: Timestamp) -> String {
    format!(
        "t.status = 'open' AND t.deleted_at IS NULL AND t.defer_until IS NOT NULL AND t.defer_until > {}",
        now.micros()
    )
}

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

/// All of them, for a word that none begins with.
pub const IDS: &str = "SELECT id FROM tasks";
pub const IDS_FROM: &str = "SELECT id FROM tasks WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3";

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
  ORDER BY t.effective_priority, t.created_at, t.id LIMIT ?3";

/// What depends on a task and can be worked on now.
pub fn now_ready(now: Timestamp) -> String {
    format!(
        "SELECT t.id, t.title, t.status FROM links l JOIN tasks t ON t.id = l.source
         WHERE l.target = ?1 AND l.type = 'depends_on' AND {}
         ORDER BY t.effective_priority, t.created_at, t.id LIMIT ?2",
        ready(now)
    )
}

/// The same for those that can be worked on in the run alone in which the task was closed.
pub const UNLOCKED_BY: &str = "
  SELECT t.id, t.title, t.status FROM tasks t WHERE t.status = 'open' AND t.deleted_at IS NULL
    AND t.id IN (SELECT source FROM links WHERE target = ?1 AND type = 'depends_on')
    AND t.waits_for + t.open_children = (
      SELECT count(*) FROM links l JOIN tasks o ON o.id = l.target
      WHERE l.source = t.id AND l.type IN ('depends_on', 'parent_of')
        AND o.lands_with = ?3 AND o.status = 'landing' AND o.deleted_at IS NULL)
  ORDER BY t.effective_priority, t.created_at, t.id LIMIT ?2";

pub const NOTES: &str = "SELECT at, actor, data FROM events WHERE task = ?1 AND kind = 'noted' ORDER BY at, seq";

/// The latest commits that name a task.
pub const COMMITS: &str = "
  SELECT at, actor, data FROM events WHERE task = ?1 AND kind = 'committed' AND json_valid(data)
  ORDER BY at DESC, seq DESC LIMIT 50";

pub const HAS_COMMIT: &str = "
  SELECT 1 FROM events
  WHERE task = ?1 AND kind = 'committed' AND json_valid(data) AND data ->> 'commit' = ?2";

/// When a task was written to last.
pub const LAST_WRITE: &str = "
  SELECT CAST(max(updated_at, coalesce((SELECT max(at) FROM events WHERE task = ?1), updated_at),
    coalesce((SELECT max(at) FROM events WHERE other = ?1), updated_at)) AS INTEGER) FROM tasks WHERE id = ?1";

pub const HELD_NAMED: &str =
    "SELECT id, title, status FROM tasks WHERE session = ?1 AND status = 'in_progress' ORDER BY claimed_at, id";

/// Ranks a task, and all below it, by its own priority and its parent's. (`min` of several is `least` elsewhere.)
pub const RANK: &str = "
  WITH RECURSIVE ranks (id, rank) AS (
    SELECT t.id, min(t.priority, coalesce((
      SELECT parent.effective_priority FROM links l JOIN tasks parent ON parent.id = l.source AND parent.live
      WHERE l.target = t.id AND l.type = 'parent_of'), 4)) FROM tasks t WHERE t.id = ?1
    UNION
    SELECT child.id, min(child.priority, CASE WHEN parent.live THEN ranks.rank ELSE 4 END)
    FROM ranks JOIN links l ON l.source = ranks.id AND l.type = 'parent_of'
      JOIN tasks parent ON parent.id = ranks.id JOIN tasks child ON child.id = l.target
  )
  UPDATE tasks SET effective_priority = ranks.rank FROM ranks
  WHERE ranks.id = tasks.id AND tasks.effective_priority <> ranks.rank";
