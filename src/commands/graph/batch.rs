//! `bn batch`: many changes, all of them or none.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::BatchArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::input;
use crate::error::Failure;
use crate::graph::model::operation;
use crate::graph::model::text::{count, line};
use crate::graph::requests::Batch;
use crate::graph::store::Outcome;

pub fn run(args: &BatchArgs, context: &Context) -> Result<(), Failure> {
    let operations = operation::parse(&input::text(args.file.as_deref())?)?;
    let graph = Graph::open(context)?;
    let results = graph.ask(&Batch { operations })?;
    Ok(context.output.print(&Answer { results })?)
}

/// What each operation did, in order.
#[derive(Serialize)]
pub struct Answer {
    pub results: Vec<Outcome>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in &self.results {
            writeln!(f, "{:<8} {}  {}", outcome.op, outcome.id, line(&outcome.title, 72))?;
        }
        writeln!(f, "{} done", count(self.results.len() as u64, "operation"))
    }
}
