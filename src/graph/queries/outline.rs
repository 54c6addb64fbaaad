//! Parents and children.

/// The unfinished tasks that have children and no unfinished parent, most urgent first.
pub const ROOTS: &str = "FROM tasks t
  WHERE t.live AND t.id IN (SELECT source FROM links WHERE type = 'parent_of')
    AND NOT EXISTS (SELECT 1 FROM links l JOIN tasks up ON up.id = l.source AND up.live
      WHERE l.target = t.id AND l.type = 'parent_of')
  ORDER BY t.effective_priority, t.created_at, t.id LIMIT ?1";

/// The children of a task, unfinished ones first.
pub const CHILDREN: &str = "FROM links l JOIN tasks t ON t.id = l.target
  WHERE l.source = ?1 AND l.type = 'parent_of' AND t.deleted_at IS NULL
  ORDER BY t.live DESC, t.priority, t.created_at, t.id LIMIT ?2";

/// How many children of a task are done, of those that were not cancelled.
pub const PROGRESS: &str = "
  SELECT count(*) FILTER (WHERE t.status = 'done') AS done, count(*) FILTER (WHERE t.status <> 'cancelled') AS total
  FROM links l JOIN tasks t ON t.id = l.target
  WHERE l.source = ?1 AND l.type = 'parent_of' AND t.deleted_at IS NULL";
