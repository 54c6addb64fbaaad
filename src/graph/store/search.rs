//! Finding tasks by their words.

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::task::{Brief, Task};
use crate::graph::model::text::line;
use crate::graph::queries::counts::ENOUGH;
use crate::graph::queries::{search, tasks};
use crate::graph::store::{Reader, rows};

/// How much of a description or note is shown around a word.
const SNIPPET: usize = 100;

/// What was found, best first; `total` is counted up to `counts::ENOUGH`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Found {
    pub tasks: Vec<Hit>,
    pub total: u64,
}

/// A task, and where the words stand if they are not in its title.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hit {
    #[serde(flatten)]
    pub task: Brief,
    pub snippet: Option<String>,
}

impl Reader<'_> {
    /// Tasks with all of the words, else with words that begin so, else with any of them.
    ///
    /// Of more than `counts::ENOUGH` matches the newest are ranked, unless all are wanted (`limit` 0).
    pub fn search(&self, words: &str, limit: usize) -> Result<Found, GraphError> {
        for query in search::attempts(words) {
            let floor = if limit == 0 { None } else { self.floor(&query)? };
            let found = self.matches(&query, limit, floor)?;
            if !found.is_empty() {
                let total = if floor.is_some() { ENOUGH } else { self.count_matches(&query)? };
                let terms = search::terms(words);
                let tasks = found.into_iter().map(|task| self.hit(task, &terms)).collect::<Result<_, _>>()?;
                return Ok(Found { tasks, total });
            }
        }
        Ok(Found { tasks: Vec::new(), total: 0 })
    }

    fn floor(&self, query: &str) -> Result<Option<i64>, GraphError> {
        Ok(self.conn.query_row(search::FLOOR, (query, ENOUGH), |row| row.get(0)).optional()?)
    }

    fn matches(&self, query: &str, limit: usize, floor: Option<i64>) -> Result<Vec<Task>, GraphError> {
        let limit = if limit == 0 { i64::MAX } else { i64::try_from(limit).unwrap_or(i64::MAX) };
        let mut statement = self.conn.prepare(&search::hits(&tasks::select()))?;
        self.all(&mut statement, (query, limit, floor.unwrap_or(0)), "task", rows::task)
    }

    fn count_matches(&self, query: &str) -> Result<u64, GraphError> {
        Ok(self.conn.query_row(search::COUNT, [query], |row| row.get(0))?)
    }

    fn hit(&self, task: Task, terms: &[String]) -> Result<Hit, GraphError> {
        let snippet = if around(&task.title, terms).is_some() {
            None
        } else if let Some(found) = around(&task.description, terms) {
            Some(found)
        } else {
            self.notes(&task.id)?.iter().find_map(|note| around(&note.text, terms))
        };
        Ok(Hit { task: Brief::from(task), snippet })
    }
}

/// The line around the first of the words that the text holds.
fn around(text: &str, terms: &[String]) -> Option<String> {
    let lower = text.to_lowercase();
    let at = terms.iter().filter_map(|term| lower.find(term.as_str())).min()?;
    // Lower case may be longer than the text it came from: the place is good enough to begin near it.
    let mut start = at.saturating_sub(SNIPPET / 3).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let start = text[..start].rfind(char::is_whitespace).map_or(0, |space| space + 1);
    let mark = if start > 0 { "… " } else { "" };
    Some(format!("{mark}{}", line(&text[start..], SNIPPET)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_is_the_line_around_the_word() {
        let terms = ["needle".to_owned()];
        assert_eq!(around("no such word", &terms), None);
        assert_eq!(around("a Needle here", &terms).as_deref(), Some("a Needle here"));
        let long = format!("{} needle {}", "hay ".repeat(50), "straw ".repeat(50));
        let snippet = around(&long, &terms).unwrap();
        assert!(snippet.starts_with("… hay") && snippet.contains("needle straw"), "{snippet}");
        let odd = format!("{} needle", "İ".repeat(80));
        assert!(around(&odd, &terms).is_some());
    }
}
