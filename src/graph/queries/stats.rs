//! How much there is of everything.

/// The tasks by what they are. Triggers keep the counts, so that nothing here looks at each task.
pub const BY_KIND: &str = "SELECT status, type, priority, tasks, estimate FROM kinds WHERE tasks > 0";

/// How many were created and closed since a time, and how many unfinished ones are overdue.
pub const LATELY: &str = "
  SELECT (SELECT count(*) FROM tasks WHERE created_at >= ?1 AND deleted_at IS NULL) AS created,
    (SELECT count(*) FROM tasks WHERE closed_at >= ?1 AND deleted_at IS NULL) AS closed,
    (SELECT count(*) FROM tasks WHERE live AND due IS NOT NULL AND due < ?2) AS overdue";

/// The tags of unfinished tasks, most frequent first.
pub const TAGS: &str = "SELECT tag, tasks FROM tag_counts WHERE tasks > 0 ORDER BY tasks DESC, tag LIMIT ?1";

/// The unfinished tasks whose titles are made of the words of another one's, and that nobody has called duplicates, oldest first.
pub const SAME_TITLES: &str = "
  SELECT t.id, t.title, t.status FROM tasks t
  WHERE t.live AND t.title_key IN (
      SELECT title_key FROM tasks WHERE live AND title_key IS NOT NULL GROUP BY title_key HAVING count(*) > 1)
    AND NOT EXISTS (SELECT 1 FROM links l WHERE l.source = t.id AND l.type = 'duplicates')
  ORDER BY t.created_at, t.id";
