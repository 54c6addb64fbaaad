-- The graph, version 4: counts for views of the whole graph, and a key by which tasks of the same words are found.

-- How many tasks there are of each kind, and how long they will take, in seconds. Deleted ones do not count.
CREATE TABLE kinds (
  status TEXT NOT NULL,
  type TEXT NOT NULL,
  priority INTEGER NOT NULL,
  tasks INTEGER NOT NULL,
  estimate INTEGER NOT NULL,
  PRIMARY KEY (status, type, priority)
) WITHOUT ROWID;
INSERT INTO kinds
  SELECT status, type, priority, count(*), coalesce(sum(estimate), 0) FROM tasks
  WHERE deleted_at IS NULL GROUP BY status, type, priority;

-- How many unfinished tasks have each tag.
CREATE TABLE tag_counts (
  tag TEXT PRIMARY KEY,
  tasks INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO tag_counts
  SELECT g.tag, count(*) FROM tags g JOIN tasks t ON t.id = g.task WHERE t.live GROUP BY g.tag;

-- Equal where two titles are made of the same words. Whoever writes a title writes it, too.
ALTER TABLE tasks ADD COLUMN title_key INTEGER;
CREATE INDEX tasks_title_key ON tasks (title_key) WHERE live;

CREATE INDEX tasks_created ON tasks (created_at) WHERE deleted_at IS NULL;
CREATE INDEX tasks_due ON tasks (due) WHERE live AND due IS NOT NULL;

CREATE TRIGGER kinds_of_new_task AFTER INSERT ON tasks WHEN new.deleted_at IS NULL BEGIN
  INSERT INTO kinds SELECT new.status, new.type, new.priority, 0, 0 WHERE NOT EXISTS (
    SELECT 1 FROM kinds WHERE status = new.status AND type = new.type AND priority = new.priority);
  UPDATE kinds SET tasks = tasks + 1, estimate = estimate + coalesce(new.estimate, 0)
    WHERE status = new.status AND type = new.type AND priority = new.priority;
END;

CREATE TRIGGER kinds_of_task AFTER UPDATE OF status, type, priority, estimate, deleted_at ON tasks
  WHEN old.status <> new.status OR old.type <> new.type OR old.priority <> new.priority
    OR old.estimate IS NOT new.estimate OR (old.deleted_at IS NULL) <> (new.deleted_at IS NULL) BEGIN
  UPDATE kinds SET tasks = tasks - 1, estimate = estimate - coalesce(old.estimate, 0)
    WHERE old.deleted_at IS NULL AND status = old.status AND type = old.type AND priority = old.priority;
  INSERT INTO kinds SELECT new.status, new.type, new.priority, 0, 0 WHERE new.deleted_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM kinds WHERE status = new.status AND type = new.type AND priority = new.priority);
  UPDATE kinds SET tasks = tasks + 1, estimate = estimate + coalesce(new.estimate, 0)
    WHERE new.deleted_at IS NULL AND status = new.status AND type = new.type AND priority = new.priority;
END;

CREATE TRIGGER kinds_of_removed_task AFTER DELETE ON tasks WHEN old.deleted_at IS NULL BEGIN
  UPDATE kinds SET tasks = tasks - 1, estimate = estimate - coalesce(old.estimate, 0)
    WHERE status = old.status AND type = old.type AND priority = old.priority;
END;

CREATE TRIGGER tags_added AFTER INSERT ON tags BEGIN
  INSERT INTO tag_counts SELECT new.tag, 0 WHERE NOT EXISTS (SELECT 1 FROM tag_counts WHERE tag = new.tag);
  UPDATE tag_counts SET tasks = tasks + 1 WHERE tag = new.tag AND (SELECT live FROM tasks WHERE id = new.task);
END;

CREATE TRIGGER tags_removed AFTER DELETE ON tags BEGIN
  UPDATE tag_counts SET tasks = tasks - 1 WHERE tag = old.tag AND (SELECT live FROM tasks WHERE id = old.task);
END;

CREATE TRIGGER tags_of_task AFTER UPDATE OF status, deleted_at ON tasks WHEN old.live <> new.live BEGIN
  UPDATE tag_counts SET tasks = tasks + CASE WHEN new.live THEN 1 ELSE -1 END
    WHERE tag IN (SELECT tag FROM tags WHERE task = new.id);
END;
