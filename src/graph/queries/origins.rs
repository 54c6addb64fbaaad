//! Where tasks were imported from.

pub const ALL: &str = "SELECT source, foreign_id, task, fingerprint FROM origins ORDER BY source, foreign_id";
pub const FIND: &str =
    "SELECT source, foreign_id, task, fingerprint FROM origins WHERE source = ?1 AND foreign_id = ?2";
pub const CALLED: &str = "SELECT DISTINCT task FROM origins WHERE foreign_id = ?1 LIMIT 2";
pub const OF_TASK: &str = "SELECT source, foreign_id FROM origins WHERE task = ?1 ORDER BY source, foreign_id";

/// A task that was imported again says something else than before, and stays the same task.
pub const PUT: &str = "
  INSERT INTO origins (source, foreign_id, task, fingerprint) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (source, foreign_id) DO UPDATE SET fingerprint = excluded.fingerprint
  WHERE fingerprint <> excluded.fingerprint";
