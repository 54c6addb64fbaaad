//! `bn task update`: what a task says.

use crate::cli::task::UpdateArgs;
use crate::commands::Context;
use crate::error::Failure;
use crate::graph::model::task::Change;
use crate::graph::requests::Update;

pub fn run(args: UpdateArgs, context: &Context) -> Result<(), Failure> {
    let change = Change {
        title: args.title,
        description: args.description,
        task_type: args.task_type,
        priority: args.priority,
        assignee: args.assignee,
        parent: args.parent,
        add_tags: args.add_tags,
        remove_tags: args.remove_tags,
    };
    super::change(context, "Updated", &Update { id: args.id, change })
}
