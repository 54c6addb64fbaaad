//! How many tasks there are of each sort.

/// Ready, blocked, in progress. Each reads a partial index that holds nothing else.
pub const OPEN: &str = "
  SELECT
    (SELECT count(*) FROM tasks t WHERE t.status = 'open' AND t.deleted_at IS NULL AND t.waits_for = 0 AND t.open_children = 0),
    (SELECT count(*) FROM tasks t WHERE t.status = 'open' AND t.deleted_at IS NULL AND t.waits_for > 0),
    (SELECT count(*) FROM tasks t WHERE t.status = 'in_progress' AND t.deleted_at IS NULL)";
