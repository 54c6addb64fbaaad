//! The index of words, for scripts without spaces. The triggers put a text into the index unchanged; this puts spaces beside the
//! letters that are words of their own. It also writes the keys of titles.

use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::spaced::{has_words_without_spaces, spaced};
use crate::graph::queries::search::title_words;
use crate::graph::store::Writer;

/// A task's texts. What is no text, or of an event that cannot be read, has no words.
const TEXTS: &str = "
  SELECT t.seq, CAST(t.title AS BLOB), CAST(t.description AS BLOB), CAST(coalesce(
    (SELECT group_concat(e.data ->> 'text', ' ') FROM events e
      WHERE e.task = t.id AND e.kind = 'noted' AND json_valid(e.data)), '') AS BLOB)
  FROM tasks t WHERE t.deleted_at IS NULL";
const KEY: &str = "UPDATE tasks SET title_key = ?2 WHERE seq = ?1 AND title_key IS NOT ?2";
const REPLACE: &str = "INSERT OR REPLACE INTO words (rowid, title, description, notes) VALUES (?1, ?2, ?3, ?4)";

struct Texts {
    seq: i64,
    texts: [String; 3],
}

fn texts(row: &Row) -> rusqlite::Result<Texts> {
    let text = |column| row.get::<_, Vec<u8>>(column).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Texts { seq: row.get(0)?, texts: [text(1)?, text(2)?, text(3)?] })
}

impl Texts {
    fn index(&self, conn: &Connection) -> Result<(), GraphError> {
        conn.prepare_cached(KEY)?.execute((self.seq, title_key(&self.texts[0])))?;
        // Once in so many tasks: the others are in the index as they have to be.
        if self.texts.iter().any(|text| has_words_without_spaces(text)) {
            let [title, description, notes] = &self.texts;
            let values = (self.seq, spaced(title), spaced(description), spaced(notes));
            conn.prepare_cached(REPLACE)?.execute(values)?;
        }
        Ok(())
    }
}

/// A number that titles of the same words share.
fn title_key(title: &str) -> i64 {
    let hash = Sha256::digest(title_words(title).join("\0"));
    hash.iter().take(8).fold(0, |key, byte| key << 8 | i64::from(*byte))
}

impl Writer<'_> {
    /// After each change of a text of a task.
    pub(super) fn index_words(&self, id: &TaskId) -> Result<(), GraphError> {
        let mut statement = self.conn.prepare_cached(&format!("{TEXTS} AND t.id = ?1"))?;
        let found = statement.query_row([id], texts).optional()?;
        found.map_or(Ok(()), |found| found.index(self.conn))
    }
}

/// All tasks, after the index was made anew.
pub fn index_all(conn: &Connection) -> Result<(), GraphError> {
    let mut statement = conn.prepare(TEXTS)?;
    for found in statement.query_map([], texts)? {
        found?.index(conn)?;
    }
    Ok(())
}
