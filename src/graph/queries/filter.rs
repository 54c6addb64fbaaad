//! From what a list is to show to the SQL that finds it.

use std::borrow::Cow;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::graph::model::id::TaskId;
use crate::graph::model::task::{Priority, TaskType};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::{search, tasks};

/// What a task looks like to a person: its status, seen together with its links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[value(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not begun, blocked or not
    Open,
    /// Open, and nothing stands in the way
    Ready,
    /// Open, and waiting for another task
    Blocked,
    /// Open, and put off to a later time
    Deferred,
    InProgress,
    /// Closed inside a run, whose work has not landed yet
    Landing,
    Done,
    Cancelled,
    Deleted,
}

impl State {
    fn condition(self, now: Timestamp) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            State::Ready => return Cow::Owned(tasks::ready(now)),
            State::Deferred => return Cow::Owned(tasks::deferred(now)),
            State::Open => "t.status = 'open' AND t.deleted_at IS NULL",
            State::Blocked => tasks::BLOCKED,
            State::InProgress => tasks::IN_PROGRESS,
            State::Landing => tasks::LANDING,
            State::Done => "t.status = 'done' AND t.closed_at IS NOT NULL AND t.deleted_at IS NULL",
            State::Cancelled => "t.status = 'cancelled' AND t.closed_at IS NOT NULL AND t.deleted_at IS NULL",
            State::Deleted => "t.deleted_at IS NOT NULL",
        })
    }
}

/// A time of a task that a filter may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeOf {
    Due,
    Created,
    Updated,
    Closed,
}

impl TimeOf {
    fn column(self) -> &'static str {
        match self {
            TimeOf::Due => "t.due",
            TimeOf::Created => "t.created_at",
            TimeOf::Updated => "t.updated_at",
            TimeOf::Closed => "t.closed_at",
        }
    }
}

/// A flag that wants a time of a task before another, or at it and after.
#[derive(Debug)]
pub struct TimeFlag {
    pub flag: &'static str,
    pub of: TimeOf,
    pub before: bool,
    pub help: &'static str,
}

/// Every such flag.
pub const TIMES: [TimeFlag; 8] = [
    TimeFlag { flag: "--due-before", of: TimeOf::Due, before: true, help: "Only what is due before this time" },
    TimeFlag { flag: "--due-after", of: TimeOf::Due, before: false, help: "Only what is due at this time or later" },
    TimeFlag { flag: "--created-before", of: TimeOf::Created, before: true, help: "Only what was created before" },
    TimeFlag { flag: "--created-after", of: TimeOf::Created, before: false, help: "Only what was created since" },
    TimeFlag { flag: "--updated-before", of: TimeOf::Updated, before: true, help: "Only what has not changed since" },
    TimeFlag { flag: "--updated-after", of: TimeOf::Updated, before: false, help: "Only what has changed since" },
    TimeFlag { flag: "--closed-before", of: TimeOf::Closed, before: true, help: "Only what was closed before" },
    TimeFlag { flag: "--closed-after", of: TimeOf::Closed, before: false, help: "Only what was closed since" },
];

/// What such a flag wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeBound {
    pub of: TimeOf,
    #[serde(default)]
    pub before: bool,
    pub at: Timestamp,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Most urgent first, then what unblocks most, then the oldest
    #[default]
    Best,
    Priority,
    /// Newest first
    Created,
    /// Last changed first
    Updated,
    /// Last closed first
    Closed,
    /// Longest claimed first
    Claimed,
    Title,
}

impl Sort {
    fn columns(self) -> &'static [(&'static str, bool)] {
        match self {
            Sort::Best => {
                &[("t.effective_priority", false), ("t.unblocks", true), ("t.created_at", false), ("t.id", false)]
            }
            Sort::Priority => &[("t.priority", false), ("t.created_at", false), ("t.id", false)],
            Sort::Created => &[("t.created_at", true), ("t.id", false)],
            Sort::Updated => &[("t.updated_at", true), ("t.id", false)],
            Sort::Closed => &[("t.closed_at", true), ("t.id", false)],
            Sort::Claimed => &[("t.claimed_at", false), ("t.id", false)],
            Sort::Title => &[("t.title", false), ("t.id", false)],
        }
    }
}

const BELOW: &str = "t.id IN (WITH RECURSIVE below(id) AS (
    SELECT ? UNION SELECT links.target FROM links JOIN below ON links.source = below.id AND links.type = 'parent_of'
  ) SELECT id FROM below)";

/// All conditions have to hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// One of these; empty for everything that is not finished.
    pub states: Vec<State>,
    /// Finished ones too, where no states are named.
    pub all: bool,
    pub tags: Vec<String>,
    pub types: Vec<TaskType>,
    pub priorities: Vec<Priority>,
    /// One of these; empty for any.
    pub any_tags: Vec<String>,
    /// None of these.
    pub not_tags: Vec<String>,
    /// Words of the title or the description; each may go on.
    pub text: Option<String>,
    pub times: Vec<TimeBound>,
    pub assignee: Option<String>,
    pub unassigned: bool,
    /// Only children of this one, as it was typed.
    pub parent: Option<String>,
    /// Nobody's, or this one's.
    pub free_for: Option<String>,
    /// In place of the states: what can be worked on in this session's run alone, because of what was closed there.
    pub unlocked_for: Option<String>,
    /// This task, and what is below it.
    #[serde(skip)]
    pub below: Option<TaskId>,
    pub sort: Sort,
    pub reverse: bool,
}

/// A value that is bound to a `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bind {
    Text(String),
    Number(i64),
}

/// The pieces of a `SELECT … FROM tasks t`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces {
    pub condition: String,
    pub order: String,
    pub binds: Vec<Bind>,
}

impl Filter {
    /// The ready tasks, best first.
    pub fn ready() -> Self {
        Self { states: vec![State::Ready], ..Self::default() }
    }

    /// The SQL for it. `parent` is the id of the one that is named.
    pub fn pieces(&self, parent: Option<&TaskId>, now: Timestamp) -> Pieces {
        let (mut conditions, mut binds) = match &self.unlocked_for {
            Some(session) => {
                let conditions = vec![tasks::UNLOCKED.to_owned(), tasks::not_deferred(now)];
                (conditions, vec![Bind::Text(session.clone()), Bind::Text(session.clone())])
            }
            None => (vec![self.state_condition(now)], Vec::new()),
        };
        let mut one = |condition: &str, text: &str| {
            conditions.push(condition.to_owned());
            binds.push(Bind::Text(text.to_owned()));
        };
        for tag in &self.tags {
            one("EXISTS (SELECT 1 FROM tags WHERE task = t.id AND tag = ?)", tag);
        }
        if let Some(name) = &self.assignee {
            one("t.assignee = ?", name);
        }
        if let Some(text) = &self.text {
            one("t.seq IN (SELECT rowid FROM words WHERE words MATCH ?)", &search::in_texts(text));
        }
        if let Some(parent) = parent {
            one("t.id IN (SELECT target FROM links WHERE source = ? AND type = 'parent_of')", parent.as_str());
        }
        if let Some(root) = &self.below {
            one(BELOW, root.as_str());
        }
        if let Some(name) = &self.free_for {
            one("(t.assignee IS NULL OR t.assignee = ?)", name);
        }
        for bound in &self.times {
            conditions.push(format!("{} {} ?", bound.of.column(), if bound.before { "<" } else { ">=" }));
            binds.push(Bind::Number(bound.at.micros()));
        }
        for (word, tags) in [("EXISTS", &self.any_tags), ("NOT EXISTS", &self.not_tags)] {
            if !tags.is_empty() {
                let marks = marks(tags.len());
                conditions.push(format!("{word} (SELECT 1 FROM tags WHERE task = t.id AND tag IN ({marks}))"));
                binds.extend(tags.iter().map(|tag| Bind::Text(tag.clone())));
            }
        }
        if self.unassigned {
            conditions.push("t.assignee IS NULL".to_owned());
        }
        if !self.types.is_empty() {
            conditions.push(format!("t.type IN ({})", marks(self.types.len())));
            binds.extend(self.types.iter().map(|kind| Bind::Text(kind.as_str().to_owned())));
        }
        if !self.priorities.is_empty() {
            conditions.push(format!("t.priority IN ({})", marks(self.priorities.len())));
            binds.extend(self.priorities.iter().map(|priority| Bind::Number(i64::from(u8::from(*priority)))));
        }
        Pieces { condition: conditions.join(" AND "), order: self.order(), binds }
    }

    fn state_condition(&self, now: Timestamp) -> String {
        match self.states.as_slice() {
            [] if self.all => "t.deleted_at IS NULL".to_owned(),
            [] => "t.status IN ('open', 'in_progress', 'landing') AND t.deleted_at IS NULL".to_owned(),
            [one] => one.condition(now).into_owned(),
            several => {
                let each: Vec<String> = several.iter().map(|state| format!("({})", state.condition(now))).collect();
                format!("({})", each.join(" OR "))
            }
        }
    }

    fn order(&self) -> String {
        let column = |(name, descending): &(&str, bool)| {
            if *descending == self.reverse { (*name).to_owned() } else { format!("{name} DESC") }
        };
        self.sort.columns().iter().map(column).collect::<Vec<_>>().join(", ")
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_asked_for_in_the_words_of_its_index() {
        let pieces = Filter::ready().pieces(None, Timestamp::from_micros(7));
        assert_eq!(
            pieces.condition,
            format!("{} AND (t.defer_until IS NULL OR t.defer_until <= 7)", tasks::UNHINDERED)
        );
        assert_eq!(pieces.order, "t.effective_priority, t.unblocks DESC, t.created_at, t.id");
        assert!(pieces.binds.is_empty());
    }

    #[test]
    fn conditions_combine() {
        let filter = Filter {
            states: vec![State::Done, State::Cancelled],
            tags: vec!["ui".to_owned()],
            types: vec![TaskType::Bug, TaskType::Chore],
            sort: Sort::Created,
            reverse: true,
            ..Filter::default()
        };
        insta::assert_snapshot!(filter.pieces(None, Timestamp::from_micros(0)).condition, @"((t.status = 'done' AND t.closed_at IS NOT NULL AND t.deleted_at IS NULL) OR (t.status = 'cancelled' AND t.closed_at IS NOT NULL AND t.deleted_at IS NULL)) AND EXISTS (SELECT 1 FROM tags WHERE task = t.id AND tag = ?) AND t.type IN (?, ?)");
        assert_eq!(filter.pieces(None, Timestamp::from_micros(0)).order, "t.created_at, t.id DESC");
        assert_eq!(filter.pieces(None, Timestamp::from_micros(0)).binds.len(), 3);
    }
}
