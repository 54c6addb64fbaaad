//! `bn task create`.

use crate::cli::task::CreateArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::{batch, input};
use crate::error::Failure;
use crate::graph::model::operation;
use crate::graph::model::task::NewTask;
use crate::graph::requests::{Batch, Create};

pub fn run(args: CreateArgs, context: &Context) -> Result<(), Failure> {
    if args.stdin {
        let operations = operation::parse_tasks(&input::text(None)?)?;
        let results = Graph::open(context)?.ask(&Batch { operations })?;
        return Ok(context.output.print(&batch::Answer { results })?);
    }
    let task = NewTask {
        title: args.title.unwrap_or_default(),
        description: args.description.unwrap_or_default(),
        task_type: args.task_type,
        priority: args.priority,
        tags: args.tags,
        parent: args.parent,
        assignee: args.assignee,
        depends_on: args.depends_on,
        blocks: args.blocks,
        discovered_from: args.discovered_from,
        reference: None,
    };
    super::change(context, "Created", &Create { task })
}
