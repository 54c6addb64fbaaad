-- The graph, version 1. Times are microseconds since 1970, UTC.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  agent_type TEXT,
  container TEXT,
  place TEXT,
  started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  ended_at INTEGER,
  end_reason TEXT,
  summary TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_place ON sessions (place, name) WHERE ended_at IS NULL AND place IS NOT NULL;
CREATE INDEX sessions_active ON sessions (started_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE tasks (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  type TEXT NOT NULL DEFAULT 'task',
  priority INTEGER NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 4),
  status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'in_progress', 'done', 'cancelled')),
  assignee TEXT,
  session TEXT REFERENCES sessions (id),
  claimed_at INTEGER,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  closed_by TEXT,
  closed_session TEXT,
  closed_at INTEGER,
  closed_reason TEXT,
  deleted_at INTEGER,
  live INTEGER GENERATED ALWAYS AS (deleted_at IS NULL AND status IN ('open', 'in_progress')) VIRTUAL,
  -- Three counts of live neighbours. The triggers below are the only writers, in the transaction of the change
  -- itself: without them the best ready task among 100,000 is not found without looking at all that are blocked.
  waits_for INTEGER NOT NULL DEFAULT 0,
  open_children INTEGER NOT NULL DEFAULT 0,
  unblocks INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX tasks_ready ON tasks (priority, unblocks DESC, created_at, id)
  WHERE status = 'open' AND deleted_at IS NULL AND waits_for = 0 AND open_children = 0;
CREATE INDEX tasks_blocked ON tasks (priority, unblocks DESC, created_at, id)
  WHERE status = 'open' AND deleted_at IS NULL AND waits_for > 0;
CREATE INDEX tasks_in_progress ON tasks (claimed_at, session) WHERE status = 'in_progress' AND deleted_at IS NULL;
CREATE INDEX tasks_held ON tasks (session) WHERE session IS NOT NULL;
CREATE INDEX tasks_closed ON tasks (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX tasks_closed_session ON tasks (closed_session) WHERE closed_session IS NOT NULL;
CREATE INDEX tasks_deleted ON tasks (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE tags (
  task TEXT NOT NULL REFERENCES tasks (id),
  tag TEXT NOT NULL,
  PRIMARY KEY (task, tag)
) WITHOUT ROWID;
CREATE INDEX tags_tag ON tags (tag, task);

CREATE TABLE links (
  source TEXT NOT NULL REFERENCES tasks (id),
  type TEXT NOT NULL CHECK (type IN ('depends_on', 'parent_of', 'related_to', 'discovered_from', 'duplicates')),
  target TEXT NOT NULL REFERENCES tasks (id),
  PRIMARY KEY (source, type, target),
  CHECK (source <> target)
) WITHOUT ROWID;
CREATE INDEX links_target ON links (target, type, source);
CREATE UNIQUE INDEX links_one_parent ON links (target) WHERE type = 'parent_of';

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  session TEXT,
  task TEXT,
  other TEXT,
  kind TEXT NOT NULL,
  data TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_task ON events (task, at) WHERE task IS NOT NULL;
CREATE INDEX events_other ON events (other, at) WHERE other IS NOT NULL;
CREATE INDEX events_session ON events (session, at) WHERE session IS NOT NULL;
CREATE INDEX events_notes ON events (task, at) WHERE kind = 'noted';

-- Full text. The words are kept here alone as an index; the text stays in its own table.
CREATE VIRTUAL TABLE words USING fts5 (
  title, description, notes, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);

-- A word in the title counts for more than one in the description, and that for more than one in a note.
INSERT INTO words (words, rank) VALUES ('rank', 'bm25(8.0, 3.0, 1.0)');

CREATE TRIGGER words_of_new_task AFTER INSERT ON tasks WHEN new.deleted_at IS NULL BEGIN
  INSERT INTO words (rowid, title, description, notes) VALUES (new.seq, new.title, new.description, '');
END;

CREATE TRIGGER words_of_task AFTER UPDATE OF title, description, deleted_at ON tasks WHEN new.deleted_at IS NULL BEGIN
  INSERT OR REPLACE INTO words (rowid, title, description, notes) VALUES (new.seq, new.title, new.description, coalesce(
    (SELECT group_concat(data ->> 'text', ' ') FROM events WHERE task = new.id AND kind = 'noted'), ''));
END;

CREATE TRIGGER words_of_deleted_task AFTER UPDATE OF deleted_at ON tasks
  WHEN new.deleted_at IS NOT NULL AND old.deleted_at IS NULL BEGIN
  DELETE FROM words WHERE rowid = old.seq;
END;

CREATE TRIGGER words_of_note AFTER INSERT ON events WHEN new.kind = 'noted' BEGIN
  INSERT OR REPLACE INTO words (rowid, title, description, notes)
    SELECT seq, title, description,
      (SELECT group_concat(data ->> 'text', ' ') FROM events WHERE task = new.task AND kind = 'noted')
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
