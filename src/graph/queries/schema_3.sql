-- The graph, version 3: optional fields of a task; a child is as urgent as its parent; events know the change that they are part of.

DROP INDEX tasks_ready;
DROP INDEX tasks_blocked;

-- One column for each of model/fields.rs. Lengths of time are seconds.
ALTER TABLE tasks ADD COLUMN due INTEGER;
ALTER TABLE tasks ADD COLUMN defer_until INTEGER;
ALTER TABLE tasks ADD COLUMN estimate INTEGER;
ALTER TABLE tasks ADD COLUMN external_ref TEXT;
ALTER TABLE tasks ADD COLUMN acceptance TEXT;
ALTER TABLE tasks ADD COLUMN metadata TEXT;

-- The lesser of a task's own priority and the effective priority of its parent, while that is unfinished.
ALTER TABLE tasks ADD COLUMN effective_priority INTEGER NOT NULL DEFAULT 2;
WITH RECURSIVE ranks (id, rank) AS (
  SELECT id, priority FROM tasks
  UNION
  SELECT child.id, min(child.priority, ranks.rank)
  FROM ranks JOIN links l ON l.source = ranks.id AND l.type = 'parent_of'
    JOIN tasks parent ON parent.id = ranks.id AND parent.live
    JOIN tasks child ON child.id = l.target
)
UPDATE tasks SET effective_priority = lowest.rank
  FROM (SELECT id, min(rank) AS rank FROM ranks GROUP BY id) AS lowest WHERE lowest.id = tasks.id;

CREATE INDEX tasks_ready ON tasks (effective_priority, unblocks DESC, created_at, id, defer_until)
  WHERE status = 'open' AND deleted_at IS NULL AND waits_for = 0 AND open_children = 0;
CREATE INDEX tasks_blocked ON tasks (effective_priority, unblocks DESC, created_at, id)
  WHERE status = 'open' AND deleted_at IS NULL AND waits_for > 0;
CREATE INDEX tasks_deferred ON tasks (defer_until)
  WHERE status = 'open' AND deleted_at IS NULL AND defer_until IS NOT NULL;

-- All events of one transaction bear the number of its first one. Of a change that was undone they bear that of the undoing one, too.
ALTER TABLE events ADD COLUMN change INTEGER;
ALTER TABLE events ADD COLUMN undone_by INTEGER;
CREATE INDEX events_change ON events (change) WHERE change IS NOT NULL;
