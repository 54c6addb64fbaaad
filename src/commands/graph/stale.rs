//! `bn stale`: unfinished tasks that nobody has touched for a while, the longest first.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::StaleArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::{render, wanted};
use crate::error::Failure;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::filter::{Filter, Sort, TimeBound, TimeOf};
use crate::graph::requests;
use crate::graph::store::Listed;
use crate::quantity;

pub fn run(args: StaleArgs, context: &Context) -> Result<(), Failure> {
    let untouched = quantity::duration("--for", &args.untouched)?;
    let graph = Graph::open(context)?;
    let before = TimeBound { of: TimeOf::Updated, before: true, at: graph.now.before(untouched) };
    let mut filter = wanted::wanted(args.which, Filter { sort: Sort::Updated, reverse: true, ..Filter::default() })?;
    filter.times.push(before);
    let listed = graph.ask(&requests::List { filter, limit: args.limit })?;
    Ok(context.output.print(&Stale { listed, now: graph.now })?)
}

#[derive(Serialize)]
struct Stale {
    #[serde(flatten)]
    listed: Listed,
    #[serde(skip)]
    now: Timestamp,
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.listed.tasks.is_empty() {
            return writeln!(f, "No unfinished task is that old.");
        }
        for task in &self.listed.tasks {
            write!(f, "{:>4}  ", task.updated_at.age(self.now))?;
            render::brief(f, task)?;
        }
        render::and_more(f, self.listed.total, self.listed.tasks.len(), "bn stale --limit 0")
    }
}
