//! A task, and what can be said about one.

use std::fmt;

use clap::ValueEnum;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::graph::model::field_set::{self, FieldChanges, Fields, ListedFields};
use crate::graph::model::fields::FieldValue;
use crate::graph::model::id::TaskId;
use crate::graph::model::timestamp::Timestamp;

/// How far a task is. Blocked is not kept: it follows from the links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Open,
    InProgress,
    /// Closed inside a run, whose work has not landed yet.
    Landing,
    Done,
    Cancelled,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::InProgress => "in_progress",
            Status::Landing => "landing",
            Status::Done => "done",
            Status::Cancelled => "cancelled",
        }
    }

    /// The same for people, who have to be told what the one word does not say.
    pub fn words(self) -> &'static str {
        match self {
            Status::Landing => "closed, waiting to land",
            other => other.as_str(),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What sort of work a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TaskType {
    #[default]
    Task,
    Bug,
    Feature,
    Chore,
    Epic,
}

impl TaskType {
    pub fn as_str(self) -> &'static str {
        match self {
            TaskType::Task => "task",
            TaskType::Bug => "bug",
            TaskType::Feature => "feature",
            TaskType::Chore => "chore",
            TaskType::Epic => "epic",
        }
    }
}

/// 0 is the most urgent, 4 the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Priority(u8);

impl Default for Priority {
    fn default() -> Self {
        Self(2)
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}

impl TryFrom<u8> for Priority {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        if number <= 4 { Ok(Self(number)) } else { Err(format!("priority {number} is not one of 0 to 4")) }
    }
}

impl std::str::FromStr for Priority {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix(['p', 'P']).unwrap_or(text);
        let number: u8 =
            digits.parse().map_err(|_| "a priority is a number from 0 (urgent) to 4 (some day)".to_owned())?;
        Self::try_from(number)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}", self.0)
    }
}

/// Some priorities that follow one another, as they are typed: `1`, `P1`, `0-2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorityRange {
    first: Priority,
    last: Priority,
}

impl PriorityRange {
    pub fn each(self) -> impl Iterator<Item = Priority> {
        (self.first.0..=self.last.0).map(Priority)
    }
}

impl std::str::FromStr for PriorityRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last): (Priority, Priority) = (first.parse()?, last.parse()?);
        if first <= last { Ok(Self { first, last }) } else { Err(format!("{last} comes before {first}")) }
    }
}

/// Everything the store keeps about a task itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub id: TaskId,
    pub title: String,
    pub description: String,
    #[serde(rename = "type")]
    pub task_type: TaskType,
    pub priority: Priority,
    /// The priority by which it is ordered: that of an unfinished parent, where that is more urgent.
    pub effective_priority: Priority,
    pub status: Status,
    /// Open, and waiting for another task that is not done.
    pub blocked: bool,
    pub tags: Vec<String>,
    pub parent: Option<TaskId>,
    pub assignee: Option<String>,
    #[serde(flatten)]
    pub fields: Fields,
    /// The agent session that holds the claim.
    pub session: Option<String>,
    pub claimed_at: Option<Timestamp>,
    pub created_by: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub closed_by: Option<String>,
    pub closed_at: Option<Timestamp>,
    pub closed_reason: Option<String>,
    pub deleted_at: Option<Timestamp>,
    /// The session of the run whose landing closes it.
    pub lands_with: Option<String>,
    /// How many unfinished tasks it depends on.
    pub waits_for: u32,
    /// How many of its children are unfinished.
    pub open_children: u32,
    /// How many unfinished tasks depend on it.
    pub unblocks: u32,
}

impl Task {
    /// The one word for people: what the status is, seen together with the links.
    pub fn state(&self) -> &'static str {
        match self.status {
            _ if self.deleted_at.is_some() => "deleted",
            Status::Open if self.blocked => "blocked",
            status => status.words(),
        }
    }

    /// Put off to a later time.
    pub fn is_deferred(&self, now: Timestamp) -> bool {
        matches!(self.fields.get("defer_until"), Some(FieldValue::Time(until)) if *until > now)
    }

    pub fn is_finished(&self) -> bool {
        matches!(self.status, Status::Landing | Status::Done | Status::Cancelled)
    }
}

/// A task in a list: what an agent needs in order to choose, and no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    pub id: TaskId,
    pub title: String,
    #[serde(rename = "type")]
    pub task_type: TaskType,
    pub priority: Priority,
    pub effective_priority: Priority,
    pub status: Status,
    pub blocked: bool,
    pub tags: Vec<String>,
    pub parent: Option<TaskId>,
    pub assignee: Option<String>,
    #[serde(flatten)]
    pub fields: ListedFields,
    pub unblocks: u32,
    #[serde(skip)]
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<Task> for Brief {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            title: task.title,
            task_type: task.task_type,
            priority: task.priority,
            effective_priority: task.effective_priority,
            status: task.status,
            blocked: task.blocked,
            tags: task.tags,
            parent: task.parent,
            assignee: task.assignee,
            fields: task.fields.listed(),
            unblocks: task.unblocks,
            created_at: task.created_at,
            updated_at: task.updated_at,
        }
    }
}

/// A task's name and no more: how errors and links speak of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
}

/// What a new task is made of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewTask {
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default, rename = "type")]
    pub task_type: TaskType,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub parent: Option<String>,
    #[serde(default)]
    pub assignee: Option<String>,
    #[serde(flatten, skip_deserializing, serialize_with = "field_set::present")]
    pub fields: Fields,
    #[serde(default)]
    pub depends_on: Vec<String>,
    #[serde(default)]
    pub blocks: Vec<String>,
    #[serde(default)]
    pub discovered_from: Option<String>,
    /// In a batch: a name of its own, by which later lines speak of it.
    #[serde(default, rename = "ref")]
    pub reference: Option<String>,
}

/// What is to be different about a task; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, remote = "Self")]
pub struct Change {
    pub title: Option<String>,
    pub description: Option<String>,
    #[serde(rename = "type")]
    pub task_type: Option<TaskType>,
    pub priority: Option<Priority>,
    /// An empty name takes the assignee away.
    pub assignee: Option<String>,
    /// An empty id takes the parent away.
    pub parent: Option<String>,
    pub add_tags: Vec<String>,
    pub remove_tags: Vec<String>,
    #[serde(flatten, skip_deserializing)]
    pub fields: FieldChanges,
}

impl Serialize for NewTask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for NewTask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (rest, changes) = field_set::split(deserializer)?;
        let mut new = Self::deserialize(rest).map_err(D::Error::custom)?;
        new.fields.apply(&changes);
        Ok(new)
    }
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (rest, fields) = field_set::split(deserializer)?;
        let change = Self::deserialize(rest).map_err(D::Error::custom)?;
        Ok(Self { fields, ..change })
    }
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

/// The longest title, in characters. What is longer belongs into the description.
pub const TITLE_LENGTH: usize = 300;

/// A title as it is kept: one line, not empty, not a whole description.
pub fn title(text: &str) -> Result<String, String> {
    let title = text.trim();
    match title.chars().count() {
        0 => Err("a task needs a title".to_owned()),
        1..=TITLE_LENGTH if !title.contains(char::is_control) => Ok(title.to_owned()),
        1..=TITLE_LENGTH => Err("a title is one line of plain text; the rest belongs into the description".to_owned()),
        long => Err(format!("a title of {long} characters is too long (at most {TITLE_LENGTH}); use the description")),
    }
}

/// A tag as it is kept: one short word.
pub fn tag(text: &str) -> Result<String, String> {
    let tag = text.trim().trim_start_matches('#').to_lowercase();
    let legal = |letter: char| letter.is_alphanumeric() || "-_.:/+@".contains(letter);
    if (1..=64).contains(&tag.chars().count()) && tag.chars().all(legal) {
        Ok(tag)
    } else {
        Err(format!("{text:?} is not a tag: one word of letters, digits and - _ . : / + @"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_0_to_4() {
        assert_eq!("P1".parse::<Priority>(), Ok(Priority(1)));
        assert_eq!("4".parse::<Priority>(), Ok(Priority(4)));
        for bad in ["5", "-1", "high", "", "999"] {
            assert!(bad.parse::<Priority>().is_err(), "{bad:?}");
        }
        assert!(serde_json::from_str::<Priority>("7").is_err());
    }

    #[test]
    fn titles_are_one_line() {
        assert_eq!(title("  Add a greeting "), Ok("Add a greeting".to_owned()));
        for bad in ["", "  ", "a\nb", "\u{1b}[2J"] {
            assert!(title(bad).is_err(), "{bad:?}");
        }
        assert!(title(&"ä".repeat(300)).is_ok());
        assert!(title(&"ä".repeat(301)).is_err());
    }

    #[test]
    fn tags_are_words() {
        assert_eq!(tag("#UI"), Ok("ui".to_owned()));
        assert_eq!(tag("area/größe"), Ok("area/größe".to_owned()));
        for bad in ["", "#", "two words", "a,b", "a\u{1f}b"] {
            assert!(tag(bad).is_err(), "{bad:?}");
        }
    }
}
