//! How much there is of everything.

/// The tasks by what they are, and how many of each were created and closed since a time, and are overdue.
pub const BY_KIND: &str = "
  SELECT status, type, priority, count(*) AS tasks,
    count(*) FILTER (WHERE created_at >= ?1) AS created, count(*) FILTER (WHERE closed_at >= ?1) AS closed,
    count(*) FILTER (WHERE live AND due < ?2) AS overdue, coalesce(sum(estimate) FILTER (WHERE live), 0) AS estimate
  FROM tasks WHERE deleted_at IS NULL GROUP BY status, type, priority";

/// The tags of unfinished tasks, most frequent first.
pub const TAGS: &str = "
  SELECT g.tag AS tag, count(*) AS tasks FROM tags g JOIN tasks t ON t.id = g.task
  WHERE t.live GROUP BY g.tag ORDER BY count(*) DESC, g.tag LIMIT ?1";

/// The unfinished tasks that nobody has called duplicates of others, oldest first.
pub const TITLES: &str = "
  SELECT t.id, t.title, t.status FROM tasks t
  WHERE t.live AND NOT EXISTS (SELECT 1 FROM links l WHERE l.source = t.id AND l.type = 'duplicates')
  ORDER BY t.created_at, t.id";
