//! `bn show`: anything that has an id.

use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::{agent, task};
use crate::error::Failure;
use crate::graph::error::GraphError;

pub fn run(typed: &str, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    match graph.read(|reader| reader.detail(&reader.resolve(typed)?)) {
        Ok(detail) => Ok(context.output.print(&task::show::Shown::new(detail, graph.now))?),
        Err(GraphError::Unknown { what: "task", id }) => {
            let found = graph.read(|reader| reader.agent_called(typed, graph.now))?;
            let agent = found.ok_or(GraphError::Unknown { what: "task or session", id })?;
            Ok(context.output.print(&agent::Shown::new(agent, graph.now))?)
        }
        Err(error) => Err(error.into()),
    }
}
