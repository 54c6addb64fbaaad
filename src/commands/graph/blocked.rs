//! `bn blocked`: what waits, and for what.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::BlockedArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::{render, wanted};
use crate::error::Failure;
use crate::graph::model::text::line;
use crate::graph::queries::filter::Filter;
use crate::graph::requests::{Blocked, WhatWaits};

pub fn run(args: BlockedArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let filter = wanted::wanted(args.which, Filter::default())?;
    let blocked = graph.ask(&WhatWaits { filter, limit: args.limit })?;
    Ok(context.output.print(&Shown(blocked))?)
}

/// What is blocked, as it is printed.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown(Blocked);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, &self.0)
    }
}

pub fn print(f: &mut fmt::Formatter<'_>, blocked: &Blocked) -> fmt::Result {
    if blocked.tasks.is_empty() {
        return writeln!(f, "Nothing is blocked.");
    }
    for waiting in &blocked.tasks {
        render::brief(f, &waiting.task)?;
        for task in &waiting.blocked_by {
            writeln!(f, "    depends_on {}  {} ({})", task.id, line(&task.title, 60), task.status.words())?;
        }
    }
    render::and_more(f, blocked.total, blocked.tasks.len(), "bn blocked --limit 0")
}
