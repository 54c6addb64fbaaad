//! `bn task list`: filters that combine.

use std::fmt;

use serde::Serialize;

use crate::cli::task::ListArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::{render, wanted};
use crate::error::Failure;
use crate::graph::queries::filter::Filter;
use crate::graph::requests;
use crate::graph::store::Listed;

pub fn run(args: ListArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let filter = Filter {
        states: args.states,
        all: args.all,
        sort: args.sort,
        reverse: args.reverse,
        ..wanted::wanted(args.which, Filter::default())?
    };
    let listed = graph.ask(&requests::List { filter, limit: args.limit })?;
    Ok(context.output.print(&List(listed))?)
}

#[derive(Serialize)]
#[serde(transparent)]
struct List(Listed);

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.tasks.is_empty() {
            return writeln!(f, "No such tasks.");
        }
        render::list(f, &self.0, "--limit 0 shows all")
    }
}
