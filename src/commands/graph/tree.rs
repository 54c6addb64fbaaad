//! `bn tree`: tasks below their parents, with how far each is.

use crate::cli::graph::TreeArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::error::Failure;
use crate::graph::requests::Tree;

pub fn run(args: TreeArgs, context: &Context) -> Result<(), Failure> {
    let outline = Graph::open(context)?.ask(&Tree { id: args.id })?;
    Ok(context.output.print(&outline)?)
}
