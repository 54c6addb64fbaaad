//! What the one who writes may change.
//!
//! The person's own commands may change everything. A run's may change what its rules leave to it, so much and no more.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::graph::model::id::TaskId;
use crate::graph::model::text::line;

/// Changes that one run may make.
pub const CHANGES_MAX: u64 = 20_000;
/// Bytes of requests in which a run may bring them.
pub const BYTES_MAX: u64 = 32 << 20;
/// Operations of one batch.
pub const OPERATIONS_MAX: usize = 2_000;

#[derive(Clone, Debug, Default)]
pub enum Rights {
    /// A person's, and `bn`'s own.
    #[default]
    All,
    Run(RunRights),
}

/// What a run may change.
#[derive(Clone, Debug)]
pub struct RunRights {
    pub scope: Scope,
    pub used: Arc<Used>,
}

/// Which tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Everything,
    Nothing,
    /// This task, and what is below it.
    Below(TaskId),
}

/// How much a run has changed so far.
#[derive(Debug, Default)]
pub struct Used {
    changes: AtomicU64,
    bytes: AtomicU64,
}

impl Used {
    /// Counts one change, also where its transaction fails later.
    pub fn change(&self) -> Result<(), Rule> {
        let before = self.changes.fetch_add(1, Ordering::Relaxed);
        if before < CHANGES_MAX { Ok(()) } else { Err(Rule::Changes) }
    }

    /// Counts the request that brings changes.
    pub fn request(&self, bytes: u64) -> Result<(), Rule> {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= BYTES_MAX { Ok(()) } else { Err(Rule::Bytes) }
    }
}

/// Why a run may not do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    ReadOnly,
    Below(TaskId),
    /// The session that holds the task.
    Held(String),
    Delete,
    OfTheHost,
    Changes,
    Bytes,
    Operations,
    /// A change for which no rule was asked: a fault of `bn`'s, and refused.
    Unasked,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::ReadOnly => f.write_str("this run may read the graph and change nothing (--graph read-only)"),
            Rule::Below(root) => {
                write!(f, "this run may change {root} and the tasks below it, and read the rest (--graph {root})")
            }
            Rule::Held(session) => {
                write!(
                    f,
                    "the live session {} holds it, and a run cannot change the task of another session",
                    line(session, 60)
                )
            }
            Rule::Delete => f.write_str("a run cannot delete or undelete a task"),
            Rule::OfTheHost => f.write_str("a run cannot do this; type it on the host"),
            Rule::Changes => write!(f, "a run may make {CHANGES_MAX} changes, and this run has made them"),
            Rule::Bytes => {
                write!(f, "a run may write {} MiB of changes, and this run has written them", BYTES_MAX >> 20)
            }
            Rule::Operations => write!(f, "a run may make {OPERATIONS_MAX} operations in one batch"),
            Rule::Unasked => f.write_str("no rule lets a run do this"),
        }
    }
}

impl Rule {
    /// What to type next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Rule::ReadOnly => "whoever starts the next run can leave `--graph read-only` away".to_owned(),
            Rule::Below(root) => format!("`bn task create TITLE --parent {root}` writes down what else has to be done"),
            Rule::Held(_) => "`bn task note ID TEXT` tells the session that holds it".to_owned(),
            Rule::Delete => "`bn task cancel ID --reason TEXT` says that it will not be done".to_owned(),
            Rule::Changes | Rule::Bytes => {
                "leave the rest to another run: `bn goodbye SUMMARY` says what is left".to_owned()
            }
            Rule::Operations => "split it into several batches".to_owned(),
            Rule::OfTheHost | Rule::Unasked => return None,
        })
    }
}
