//! `bn graph`: a task and what it waits for, drawn.

use crate::cli::graph::GraphArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::error::Failure;
use crate::graph::model::tree::Direction;
use crate::graph::requests::Draw;

pub fn run(args: &GraphArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let direction = if args.reverse { Direction::Up } else { Direction::Down };
    let found = graph.ask(&Draw { id: args.id.clone(), direction })?;
    if args.dot {
        return Ok(context.output.text(&found.dot())?);
    }
    Ok(context.output.print(&found)?)
}
