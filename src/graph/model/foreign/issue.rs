//! An issue of another tracker, as the graph can take it in.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::graph::model::event::Note;
use crate::graph::model::field_set::Fields;
use crate::graph::model::link::LinkType;
use crate::graph::model::task::{self, Priority, Status, TITLE_LENGTH, TaskType};
use crate::graph::model::timestamp::Timestamp;

/// An issue of another tracker.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// What the tracker calls it.
    pub id: String,
    /// Where it stands in the file, for people.
    pub place: String,
    pub title: String,
    pub description: String,
    pub task_type: TaskType,
    pub priority: Priority,
    /// Never in progress: whoever works on it there holds no claim here.
    pub status: Status,
    pub tags: Vec<String>,
    pub assignee: Option<String>,
    pub fields: Fields,
    pub created_by: Option<String>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub closed_reason: Option<String>,
    pub deleted_at: Option<Timestamp>,
    /// This issue, TYPE, another one.
    pub links: Vec<(LinkType, String)>,
    pub notes: Vec<Note>,
    /// Differs when anything about it does.
    pub fingerprint: String,
}

/// Different for different records.
pub fn fingerprint(record: &Value) -> String {
    Sha256::digest(record.to_string().as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A text, unless it is missing or blank.
pub fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// The type that both trackers and the graph call so.
pub fn type_named(name: &str) -> Option<TaskType> {
    match name.to_ascii_lowercase().as_str() {
        "task" => Some(TaskType::Task),
        "bug" => Some(TaskType::Bug),
        "feature" => Some(TaskType::Feature),
        "chore" => Some(TaskType::Chore),
        "epic" => Some(TaskType::Epic),
        _ => None,
    }
}

/// A comment on an issue, as each tracker's export has it.
#[derive(Debug)]
pub struct Comment {
    pub author: Option<String>,
    pub at: Option<Timestamp>,
    pub text: String,
}

/// Comments as notes. One without a date is as old as its issue, and one without an author is the tracker's. Blank ones say nothing.
pub fn notes(
    comments: impl IntoIterator<Item = Comment>,
    tracker: &str,
    issue_created: Option<Timestamp>,
) -> Vec<Note> {
    let said = comments.into_iter().filter(|comment| !comment.text.trim().is_empty());
    said.map(|comment| Note {
        at: comment.at.or(issue_created).unwrap_or(Timestamp::from_micros(0)),
        author: filled(comment.author).unwrap_or_else(|| tracker.to_owned()),
        text: comment.text,
    })
    .collect()
}

/// A title as the graph keeps it, and what of it has to go into the description.
pub fn title_and_rest(title: &str) -> (String, Option<String>) {
    let words: Vec<&str> = title.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => ("(no title)".to_owned(), None),
        1..=TITLE_LENGTH => (line, None),
        _ => (line.chars().take(TITLE_LENGTH - 1).chain(['…']).collect(), Some(line)),
    }
}

/// A label as a tag: spaces, and what no tag has, become hyphens.
pub fn tag_of(label: &str) -> Option<String> {
    task::tag(label).ok().or_else(|| {
        let legal = |letter: char| if letter.is_alphanumeric() || "-_.:/+@".contains(letter) { letter } else { ' ' };
        let words: String = label.chars().map(legal).collect();
        let joined = words.split_whitespace().collect::<Vec<_>>().join("-").replace(":-", ":").replace("/-", "/");
        task::tag(&joined.chars().take(64).collect::<String>()).ok()
    })
}

/// The sections that are not empty, under their headings.
pub fn with_sections(text: &str, sections: &[(&str, Option<&str>)]) -> String {
    let mut whole = text.trim_end().to_owned();
    for (heading, section) in sections {
        let Some(section) = section.map(str::trim).filter(|section| !section.is_empty()) else { continue };
        let gap = if whole.is_empty() { "" } else { "\n\n" };
        whole.push_str(&format!("{gap}## {heading}\n\n{section}"));
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_tags() {
        for (label, tag) in [
            ("good first issue", "good-first-issue"),
            ("priority: high", "priority:high"),
            ("Bug!", "bug"),
            ("UI", "ui"),
        ] {
            assert_eq!(tag_of(label).as_deref(), Some(tag), "{label}");
        }
        assert_eq!(tag_of("!!"), None);
    }

    #[test]
    fn a_long_title_is_kept_whole_in_the_description() {
        let (title, rest) = title_and_rest(&"ä".repeat(400));
        assert_eq!((title.chars().count(), rest.map(|rest| rest.chars().count())), (TITLE_LENGTH, Some(400)));
        assert_eq!(title_and_rest(" a\tb\n"), ("a b".to_owned(), None));
    }
}
