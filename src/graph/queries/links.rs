//! Links.

pub const ADD: &str = "INSERT INTO links (source, type, target) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
pub const REMOVE: &str = "DELETE FROM links WHERE source = ?1 AND type = ?2 AND target = ?3";
pub const EXISTS: &str = "SELECT 1 FROM links WHERE source = ?1 AND type = ?2 AND target = ?3";
pub const PARENT: &str = "SELECT source FROM links WHERE target = ?1 AND type = 'parent_of'";

/// A task's links, read from its own end: outgoing ones first.
pub const OUTGOING: &str = "
  SELECT l.type, t.id, t.title, t.status, t.deleted_at IS NOT NULL AS deleted FROM links l JOIN tasks t ON t.id = l.target
  WHERE l.source = ?1 ORDER BY l.type, t.created_at, t.id";
pub const INCOMING: &str = "
  SELECT l.type, t.id, t.title, t.status, t.deleted_at IS NOT NULL AS deleted FROM links l JOIN tasks t ON t.id = l.source
  WHERE l.target = ?1 ORDER BY l.type, t.created_at, t.id";

/// Whether ?1 is ?2, or below it.
pub const IS_BELOW: &str = "WITH RECURSIVE above(id) AS (
    SELECT ?1 UNION SELECT links.source FROM links JOIN above ON links.target = above.id AND links.type = 'parent_of'
  ) SELECT EXISTS (SELECT 1 FROM above WHERE id = ?2)";
