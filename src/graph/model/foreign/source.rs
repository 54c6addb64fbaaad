//! Which trackers are known, and how the export of each is read.

use clap::ValueEnum;

use crate::graph::error::GraphError;
use crate::graph::model::foreign::issue::Issue;
use crate::graph::model::foreign::{beads, github};

/// Where an export comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// .beads/issues.jsonl, or what `bd export` and `br` write
    Beads,
    /// The array of `gh issue list --json number,title,body,state,labels,…`
    Github,
}

impl Source {
    /// Under this name the graph remembers where a task comes from.
    pub fn name(self) -> &'static str {
        match self {
            Source::Beads => "beads",
            Source::Github => "github",
        }
    }

    /// Reads an export, or says which line or issue is wrong.
    pub fn parse(self, text: &str) -> Result<Vec<Issue>, GraphError> {
        match self {
            Source::Beads => beads::parse(text),
            Source::Github => github::parse(text),
        }
    }
}
