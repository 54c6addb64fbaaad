//! `bn task update`: what a task says.

use crate::cli::task::UpdateArgs;
use crate::commands::Context;
use crate::commands::graph::input;
use crate::error::{Failure, Usage};
use crate::graph::model::fields::FIELDS;
use crate::graph::model::task::Change;
use crate::graph::requests::Update;

/// What can be changed, besides the optional fields.
const FLAGS: [&str; 8] =
    ["--title", "--description", "--priority", "--type", "--tag", "--untag", "--parent", "--assignee"];

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
        fields: input::fields(&args.fields)?,
    };
    if change.is_empty() {
        let fields = FIELDS.iter().map(|field| field.flag);
        let flags: Vec<&str> = FLAGS.into_iter().chain(fields).collect();
        return Err(Usage::new(format!("`bn task update` needs {}", flags.join(" or "))).into());
    }
    super::change(context, "Updated", &Update { id: args.id, change })
}
