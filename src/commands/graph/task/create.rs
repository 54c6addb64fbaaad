//! `bn task create`.

use crate::cli::task::CreateArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::input::{self, Stdin};
use crate::commands::graph::{batch, editor};
use crate::error::{Failure, Usage};
use crate::graph::model::field_set::Fields;
use crate::graph::model::operation;
use crate::graph::model::task::NewTask;
use crate::graph::requests::{Batch, Create};

pub fn run(args: CreateArgs, context: &Context) -> Result<(), Failure> {
    if args.stdin {
        if !args.fields.is_empty() {
            return Err(Usage::new("--stdin takes all fields of the tasks from standard input").into());
        }
        let operations = operation::parse_tasks(&input::text(None)?)?;
        let results = Graph::open(context)?.ask(&Batch { operations })?;
        return Ok(context.output.print(&batch::Answer { results })?);
    }
    let mut stdin = Stdin::default();
    let mut fields = Fields::default();
    fields.apply(&stdin.fields(args.fields)?);
    let description = stdin.value("--description", args.description.unwrap_or_default())?;
    let title = args.title.unwrap_or_default();
    let (title, description) =
        if args.edit { editor::edit(context, &title, &description)? } else { (title, description) };
    let task = NewTask {
        title,
        description,
        task_type: args.task_type,
        priority: args.priority,
        tags: args.tags,
        parent: args.parent,
        assignee: args.assignee,
        fields,
        depends_on: args.depends_on,
        blocks: args.blocks,
        discovered_from: args.discovered_from,
        reference: None,
    };
    super::change(context, "Created", &Create { task })
}
