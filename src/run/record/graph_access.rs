//! What a run may do with the task graph.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// As it was asked for with `--graph`, and as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraphAccess {
    /// The owner answers: read everything, and change what agents may.
    Agent,
    ReadOnly,
    /// Change this task and what is below it, and read the rest.
    Below(String),
    /// The file itself is mounted, and nothing is promised.
    Files,
}

impl GraphAccess {
    pub fn is_served(&self) -> bool {
        *self != GraphAccess::Files
    }

    /// Of a run whose record says nothing of it: older ones mounted the file.
    pub fn of_older_runs() -> Self {
        GraphAccess::Files
    }
}

impl FromStr for GraphAccess {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "agent" => Ok(GraphAccess::Agent),
            "read-only" => Ok(GraphAccess::ReadOnly),
            "files" => Ok(GraphAccess::Files),
            "" => Err("agent, read-only, the id of a task, or files".to_owned()),
            id => Ok(GraphAccess::Below(id.to_owned())),
        }
    }
}

impl fmt::Display for GraphAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GraphAccess::Agent => f.write_str("agent"),
            GraphAccess::ReadOnly => f.write_str("read-only"),
            GraphAccess::Below(id) => f.write_str(id),
            GraphAccess::Files => f.write_str("files"),
        }
    }
}
