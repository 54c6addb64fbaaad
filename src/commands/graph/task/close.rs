//! `bn task close` and `bn task cancel`: the two ends of a task.

use std::fmt;

use serde::Serialize;

use crate::cli::task::CloseArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::render;
use crate::error::Failure;
use crate::graph::model::task::Status;
use crate::graph::model::text::line;
use crate::graph::requests::Close;
use crate::graph::store::Closed;

pub fn run(args: CloseArgs, status: Status, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let closed = graph.ask(&Close { ids: args.ids, status, reason: args.reason, force: args.force })?;
    Ok(context.output.print(&Answer { closed })?)
}

#[derive(Serialize)]
struct Answer {
    closed: Vec<Closed>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for closed in &self.closed {
            let (verb, ready) = match closed.task.status {
                Status::Cancelled => ("Cancelled", "now ready"),
                Status::Landing => ("Closed, and done once this run's work has landed:", "now ready in this run"),
                _ => ("Closed", "now ready"),
            };
            writeln!(f, "{verb} {}", render::named(&closed.task))?;
            for task in &closed.now_ready {
                writeln!(f, "  {ready}: {}  {}", task.id, line(&task.title, 72))?;
            }
        }
        Ok(())
    }
}
