//! `bn ready`: what can be worked on now.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::ReadyArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::wanted::wanted;
use crate::commands::graph::{blocked, render, task};
use crate::error::Failure;
use crate::graph::queries::filter::Filter;
use crate::graph::requests::{self, ClaimBest, Explain, Explained};
use crate::graph::store::Listed;

pub fn run(args: ReadyArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let filter = wanted(args.which, Filter::ready())?;
    if args.claim {
        let claimed = graph.ask(&ClaimBest { filter })?;
        return Ok(context.output.print(&task::show::Shown::new(claimed, graph.now))?);
    }
    if args.explain {
        let explained = graph.ask(&Explain { filter, limit: args.limit })?;
        return Ok(context.output.print(&Why(explained))?);
    }
    let listed = graph.ask(&requests::Ready { filter, limit: args.limit })?;
    Ok(context.output.print(&Ready(listed))?)
}

/// What is ready, and why the rest is not.
#[derive(Serialize)]
#[serde(transparent)]
struct Why(Explained);

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ready(f, &self.0.ready)?;
        if !self.0.landing.tasks.is_empty() {
            writeln!(f, "\nClosed in a run, and done once its work has landed")?;
            render::list(f, &self.0.landing, "bn task list --status landing")?;
        }
        if !self.0.deferred.tasks.is_empty() {
            writeln!(f, "\nDeferred")?;
            render::list(f, &self.0.deferred, "bn task list --status deferred")?;
        }
        if !self.0.blocked.tasks.is_empty() {
            writeln!(f, "\nBlocked")?;
            blocked::print(f, &self.0.blocked)?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Ready(Listed);

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ready(f, &self.0)
    }
}

fn ready(f: &mut fmt::Formatter<'_>, listed: &Listed) -> fmt::Result {
    if listed.tasks.is_empty() {
        return writeln!(f, "Nothing is ready. `bn blocked` shows what waits, `bn task list` what there is.");
    }
    render::list(f, listed, "bn ready --limit 0")
}
