//! Parents and their children, as a drawing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::graph::model::task::{Brief, Status};
use crate::graph::model::text::line;

/// How many of a task's children are done, and how many there are that were not cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} done", self.done, self.total)
    }
}

/// A task with its children, and with theirs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Branch {
    #[serde(flatten)]
    pub task: Brief,
    /// Null where it has no children.
    pub progress: Option<Progress>,
    pub children: Vec<Branch>,
}

/// What is below one task, or below all that have children and no parent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outline {
    pub roots: Vec<Branch>,
    /// There was more than fits on a screen.
    pub more: bool,
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.roots.is_empty() {
            return writeln!(f, "No task has children. `bn link add PARENT CHILD --type parent_of` makes one.");
        }
        for root in &self.roots {
            writeln!(f, "{root}")?;
            root.below(f, "")?;
        }
        if self.more { writeln!(f, "and more; `bn tree ID` shows what is below one task") } else { Ok(()) }
    }
}

impl Branch {
    fn below(&self, f: &mut fmt::Formatter<'_>, trunk: &str) -> fmt::Result {
        for (index, child) in self.children.iter().enumerate() {
            let is_last = index + 1 == self.children.len();
            let (fork, pad) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
            writeln!(f, "{trunk}{fork}{child}")?;
            child.below(f, &format!("{trunk}{pad}"))?;
        }
        Ok(())
    }
}

/// One line: `bn-7f3k P1 ○ Title  (2 of 5 done)`.
impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.task;
        write!(f, "{}  {} ({})", task.id, line(&task.title, 60), state(task))?;
        match self.progress {
            Some(progress) => write!(f, ", {progress}"),
            None => Ok(()),
        }
    }
}

fn state(task: &Brief) -> &'static str {
    match task.status {
        Status::Open if task.blocked => "blocked",
        status => status.words(),
    }
}
