//! `bn plan`: a markdown list becomes tasks, all of them or none.

use crate::cli::graph::PlanArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::{batch, input};
use crate::env;
use crate::error::Failure;
use crate::graph::model::plan;
use crate::graph::requests::Plan;

pub fn run(args: &PlanArgs, context: &Context) -> Result<(), Failure> {
    let steps = plan::parse(&input::text(args.file.as_deref())?, env::now())?;
    let results = Graph::open(context)?.ask(&Plan { steps })?;
    Ok(context.output.print(&batch::Answer { results })?)
}
