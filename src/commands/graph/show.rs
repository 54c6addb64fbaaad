//! `bn show`: anything that has an id.

use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::{agent, task};
use crate::error::Failure;
use crate::graph::requests::{Find, Thing};

pub fn run(typed: &str, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    match graph.ask(&Find { id: typed.to_owned() })? {
        Thing::Task(shown) => Ok(context.output.print(&task::show::Shown::new(*shown, graph.now))?),
        Thing::Agent(agent) => Ok(context.output.print(&agent::Shown::new(*agent, graph.now))?),
    }
}
