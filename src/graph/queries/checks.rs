//! What `bn doctor` asks.

/// Counts that the triggers keep, and what they should be.
pub const WRONG_COUNTS: &str = "
  SELECT id FROM tasks t WHERE
    waits_for <> (SELECT count(*) FROM links l JOIN tasks o ON o.id = l.target
      WHERE l.source = t.id AND l.type = 'depends_on' AND o.live)
    OR unblocks <> (SELECT count(*) FROM links l JOIN tasks o ON o.id = l.source
      WHERE l.target = t.id AND l.type = 'depends_on' AND o.live)
    OR open_children <> (SELECT count(*) FROM links l JOIN tasks o ON o.id = l.target
      WHERE l.source = t.id AND l.type = 'parent_of' AND o.live)
  ORDER BY id";

pub const MEND_COUNTS: &str = "
  UPDATE tasks SET
    waits_for = (SELECT count(*) FROM links l JOIN tasks o ON o.id = l.target
      WHERE l.source = tasks.id AND l.type = 'depends_on' AND o.live),
    unblocks = (SELECT count(*) FROM links l JOIN tasks o ON o.id = l.source
      WHERE l.target = tasks.id AND l.type = 'depends_on' AND o.live),
    open_children = (SELECT count(*) FROM links l JOIN tasks o ON o.id = l.target
      WHERE l.source = tasks.id AND l.type = 'parent_of' AND o.live)";

/// The counts of kinds of tasks and of tags that the triggers keep, as they should be.
const KINDS: &str = "SELECT status, type, priority, count(*), coalesce(sum(estimate), 0) FROM tasks
  WHERE deleted_at IS NULL GROUP BY status, type, priority";
const TAG_COUNTS: &str = "SELECT g.tag, count(*) FROM tags g JOIN tasks t ON t.id = g.task WHERE t.live GROUP BY g.tag";

/// How many of those are wrong.
pub fn wrong_totals() -> String {
    let kinds = "SELECT status, type, priority, tasks, estimate FROM kinds WHERE tasks <> 0";
    let tags = "SELECT tag, tasks FROM tag_counts WHERE tasks <> 0";
    let differing = |one: &str, other: &str| format!("(SELECT count(*) FROM ({one} EXCEPT {other}))");
    format!(
        "SELECT {} + {} + {} + {}",
        differing(kinds, KINDS),
        differing(KINDS, kinds),
        differing(tags, TAG_COUNTS),
        differing(TAG_COUNTS, tags)
    )
}

/// Four statements.
pub fn mend_totals() -> String {
    format!(
        "DELETE FROM kinds; INSERT INTO kinds {KINDS}; DELETE FROM tag_counts; INSERT INTO tag_counts {TAG_COUNTS};"
    )
}

/// Parents and children, and the ranks that follow from the priorities of all that they are below of. Of a large graph few have any.
const RANKS: &str = "
  WITH RECURSIVE family (id) AS (
    SELECT source FROM links WHERE type = 'parent_of' UNION SELECT target FROM links WHERE type = 'parent_of'
  ), ranks (id, rank) AS (
    SELECT tasks.id, tasks.priority FROM family JOIN tasks ON tasks.id = family.id
    UNION
    SELECT child.id, min(child.priority, ranks.rank)
    FROM ranks JOIN links l ON l.source = ranks.id AND l.type = 'parent_of'
      JOIN tasks parent ON parent.id = ranks.id AND parent.live
      JOIN tasks child ON child.id = l.target
  ), lowest (id, rank) AS (SELECT id, min(rank) FROM ranks GROUP BY id)";

/// A task without a parent has the rank of its own priority.
const ALONE: &str = "effective_priority <> priority
  AND NOT EXISTS (SELECT 1 FROM links l WHERE l.target = tasks.id AND l.type = 'parent_of')";

pub fn wrong_ranks() -> String {
    format!(
        "{RANKS} SELECT tasks.id FROM lowest JOIN tasks ON lowest.id = tasks.id
         WHERE tasks.effective_priority <> lowest.rank
         UNION SELECT tasks.id FROM tasks WHERE {ALONE} ORDER BY 1"
    )
}

/// Two statements.
pub fn mend_ranks() -> String {
    format!(
        "UPDATE tasks SET effective_priority = priority WHERE {ALONE};
         {RANKS} UPDATE tasks SET effective_priority = lowest.rank FROM lowest
         WHERE lowest.id = tasks.id AND tasks.effective_priority <> lowest.rank;"
    )
}

/// Claims whose session is over, or was never there.
pub const LOST_CLAIMS: &str = "
  SELECT t.id FROM tasks t WHERE t.status = 'in_progress' AND t.deleted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = t.session AND s.ended_at IS NULL)
  ORDER BY t.id";

/// What a finished or open task must not have, and a claimed or closed one must.
pub const CONTRADICTIONS: &str = "
  SELECT id FROM tasks WHERE (status <> 'in_progress' AND (session IS NOT NULL OR claimed_at IS NOT NULL))
    OR ((status IN ('landing', 'done', 'cancelled')) <> (closed_at IS NOT NULL))
  ORDER BY id";

pub const MEND_CONTRADICTIONS: &str = "
  UPDATE tasks SET
    session = CASE WHEN status = 'in_progress' THEN session END,
    claimed_at = CASE WHEN status = 'in_progress' THEN claimed_at END,
    closed_at = CASE WHEN status IN ('landing', 'done', 'cancelled') THEN coalesce(closed_at, updated_at) END,
    closed_by = CASE WHEN status IN ('landing', 'done', 'cancelled') THEN closed_by END,
    closed_session = CASE WHEN status IN ('landing', 'done', 'cancelled') THEN closed_session END,
    closed_reason = CASE WHEN status IN ('landing', 'done', 'cancelled') THEN closed_reason END";

/// Per table, when a row of it names a task that is not there.
pub const DANGLING: [(&str, &str); 3] = [
    (
        "links",
        "NOT EXISTS (SELECT 1 FROM tasks WHERE id = found.source) OR NOT EXISTS (SELECT 1 FROM tasks WHERE id = found.target)",
    ),
    ("tags", "NOT EXISTS (SELECT 1 FROM tasks WHERE id = found.task)"),
    ("origins", "NOT EXISTS (SELECT 1 FROM tasks WHERE id = found.task)"),
];

/// How many tasks were taken out so far.
pub const COUNT_SET_ASIDE: &str = "
  INSERT INTO meta (key, value) VALUES ('set_aside', ?1)
  ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + excluded.value";

/// Tasks without an entry in the full-text index, and entries without a task or of a deleted one.
pub const UNINDEXED: &str = "
  SELECT (SELECT count(*) FROM tasks WHERE deleted_at IS NULL AND seq NOT IN (SELECT id FROM words_docsize))
       + (SELECT count(*) FROM words_docsize WHERE id NOT IN (SELECT seq FROM tasks WHERE deleted_at IS NULL))";

pub const REINDEX: &str = "
  INSERT INTO words (words) VALUES ('delete-all');
  INSERT INTO words (rowid, title, description, notes)
    SELECT t.seq, t.title, t.description, coalesce(
      (SELECT group_concat(e.data ->> 'text', ' ') FROM events e
        WHERE e.task = t.id AND e.kind = 'noted' AND json_valid(e.data)), '')
    FROM tasks t WHERE t.deleted_at IS NULL;";
