-- The graph, version 2: a task can be closed and wait for its work to land; tasks remember where they were imported from.

DROP TRIGGER words_of_new_task;
DROP TRIGGER words_of_task;
DROP TRIGGER words_of_deleted_task;
DROP TRIGGER words_of_note;
DROP TRIGGER links_added;
DROP TRIGGER links_removed;
DROP TRIGGER tasks_finished;
DROP TRIGGER tasks_revived;
DROP INDEX tasks_ready;
DROP INDEX tasks_blocked;
DROP INDEX tasks_in_progress;

-- The check of a column cannot be changed: the column is made again.
ALTER TABLE tasks DROP COLUMN live;
ALTER TABLE tasks ADD COLUMN new_status TEXT NOT NULL DEFAULT 'open'
  CHECK (new_status IN ('open', 'in_progress', 'landing', 'done', 'cancelled'));
UPDATE tasks SET new_status = status WHERE status IN ('in_progress', 'done', 'cancelled');
ALTER TABLE tasks DROP COLUMN status;
ALTER TABLE tasks RENAME COLUMN new_status TO status;
-- The session of the run whose landing closes the task.
ALTER TABLE tasks ADD COLUMN lands_with TEXT;
ALTER TABLE tasks ADD COLUMN live INTEGER
  GENERATED ALWAYS AS (deleted_at IS NULL AND status IN ('open', 'in_progress', 'landing')) VIRTUAL;

CREATE INDEX tasks_ready ON tasks (priority, unblocks DESC, created_at, id)
  WHERE status = 'open' AND deleted_at IS NULL AND waits_for = 0 AND open_children = 0;
CREATE INDEX tasks_blocked ON tasks (priority, unblocks DESC, created_at, id)
  WHERE status = 'open' AND deleted_at IS NULL AND waits_for > 0;
CREATE INDEX tasks_in_progress ON tasks (claimed_at, session) WHERE status = 'in_progress' AND deleted_at IS NULL;
CREATE INDEX tasks_landing ON tasks (closed_at) WHERE status = 'landing' AND deleted_at IS NULL;
CREATE INDEX tasks_lands_with ON tasks (lands_with) WHERE lands_with IS NOT NULL;

-- What another tracker calls a task, and what it said of it when it was imported last.
CREATE TABLE origins (
  source TEXT NOT NULL,
  foreign_id TEXT NOT NULL,
  task TEXT NOT NULL REFERENCES tasks (id),
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (source, foreign_id)
) WITHOUT ROWID;
CREATE INDEX origins_task ON origins (task);
CREATE INDEX origins_foreign_id ON origins (foreign_id);

-- Whoever writes a text in a script without spaces puts its letters into the index one by one after this.
CREATE TRIGGER words_of_new_task AFTER INSERT ON tasks WHEN new.deleted_at IS NULL BEGIN
  INSERT INTO words (rowid, title, description, notes) VALUES (new.seq, new.title, new.description, '');
END;

CREATE TRIGGER words_of_task AFTER UPDATE OF title, description, deleted_at ON tasks WHEN new.deleted_at IS NULL BEGIN
  INSERT OR REPLACE INTO words (rowid, title, description, notes) VALUES (
    new.seq, new.title, new.description, coalesce(
      (SELECT group_concat(data ->> 'text', ' ') FROM events
        WHERE task = new.id AND kind = 'noted' AND json_valid(data)), ''));
END;

CREATE TRIGGER words_of_deleted_task AFTER UPDATE OF deleted_at ON tasks
  WHEN new.deleted_at IS NOT NULL AND old.deleted_at IS NULL BEGIN
  DELETE FROM words WHERE rowid = old.seq;
END;

CREATE TRIGGER words_of_note AFTER INSERT ON events WHEN new.kind = 'noted' BEGIN
  INSERT OR REPLACE INTO words (rowid, title, description, notes)
    SELECT seq, title, description,
      (SELECT group_concat(data ->> 'text', ' ') FROM events
        WHERE task = new.task AND kind = 'noted' AND json_valid(data))
    FROM tasks WHERE id = new.task AND deleted_at IS NULL;
END;

CREATE TRIGGER links_added AFTER INSERT ON links WHEN new.type IN ('depends_on', 'parent_of') BEGIN
  UPDATE tasks SET waits_for = waits_for + 1
    WHERE new.type = 'depends_on' AND id = new.source AND (SELECT live FROM tasks WHERE id = new.target);
  UPDATE tasks SET unblocks = unblocks + 1
    WHERE new.type = 'depends_on' AND id = new.target AND (SELECT live FROM tasks WHERE id = new.source);
  UPDATE tasks SET open_children = open_children + 1
    WHERE new.type = 'parent_of' AND id = new.source AND (SELECT live FROM tasks WHERE id = new.target);
END;

CREATE TRIGGER links_removed AFTER DELETE ON links WHEN old.type IN ('depends_on', 'parent_of') BEGIN
  UPDATE tasks SET waits_for = waits_for - 1
    WHERE old.type = 'depends_on' AND id = old.source AND (SELECT live FROM tasks WHERE id = old.target);
  UPDATE tasks SET unblocks = unblocks - 1
    WHERE old.type = 'depends_on' AND id = old.target AND (SELECT live FROM tasks WHERE id = old.source);
  UPDATE tasks SET open_children = open_children - 1
    WHERE old.type = 'parent_of' AND id = old.source AND (SELECT live FROM tasks WHERE id = old.target);
END;

CREATE TRIGGER tasks_finished AFTER UPDATE OF status, deleted_at ON tasks WHEN old.live AND NOT new.live BEGIN
  UPDATE tasks SET waits_for = waits_for - 1
    WHERE id IN (SELECT source FROM links WHERE target = new.id AND type = 'depends_on');
  UPDATE tasks SET unblocks = unblocks - 1
    WHERE id IN (SELECT target FROM links WHERE source = new.id AND type = 'depends_on');
  UPDATE tasks SET open_children = open_children - 1
    WHERE id IN (SELECT source FROM links WHERE target = new.id AND type = 'parent_of');
END;

CREATE TRIGGER tasks_revived AFTER UPDATE OF status, deleted_at ON tasks WHEN new.live AND NOT old.live BEGIN
  UPDATE tasks SET waits_for = waits_for + 1
    WHERE id IN (SELECT source FROM links WHERE target = new.id AND type = 'depends_on');
  UPDATE tasks SET unblocks = unblocks + 1
    WHERE id IN (SELECT target FROM links WHERE source = new.id AND type = 'depends_on');
  UPDATE tasks SET open_children = open_children + 1
    WHERE id IN (SELECT source FROM links WHERE target = new.id AND type = 'parent_of');
END;
