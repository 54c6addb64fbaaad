//! `bn ready`: what can be worked on now.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::ReadyArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::blocked::Blocked;
use crate::commands::graph::wanted::wanted;
use crate::commands::graph::{render, task};
use crate::error::Failure;
use crate::graph::queries::filter::{Filter, State};
use crate::graph::store::Listed;

pub fn run(args: ReadyArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let filter = Filter { ..wanted(args.which, Filter::ready()) };
    if args.claim {
        let claimed = graph.write(|writer| {
            let task = writer.claim_best(&filter)?;
            writer.detail(&task.id)
        })?;
        return Ok(context.output.print(&task::show::Shown::new(claimed, graph.now))?);
    }
    let listed = graph.read(|reader| reader.ready(&filter, args.limit, graph.actor.run()))?;
    if !args.explain {
        return Ok(context.output.print(&Ready(listed))?);
    }
    let explained = graph.read(|reader| {
        let landing = reader.list(&Filter { states: vec![State::Landing], ..filter.clone() }, args.limit)?;
        Ok(Explained { ready: Ready(listed), landing, blocked: Blocked::find(reader, &filter, args.limit)? })
    })?;
    Ok(context.output.print(&explained)?)
}

/// What is ready, and why the rest is not.
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    ready: Ready,
    landing: Listed,
    blocked: Blocked,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ready)?;
        if !self.landing.tasks.is_empty() {
            writeln!(f, "\nClosed in a run, and done once its work has landed")?;
            render::list(f, &self.landing, "bn task list --status landing")?;
        }
        if !self.blocked.is_empty() {
            write!(f, "\nBlocked\n{}", self.blocked)?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Ready(Listed);

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.tasks.is_empty() {
            return writeln!(f, "Nothing is ready. `bn blocked` shows what waits, `bn task list` what there is.");
        }
        render::list(f, &self.0, "bn ready --limit 0")
    }
}
