//! `bn task update`: what a task says.

use crate::cli::task::UpdateArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::editor;
use crate::commands::graph::input::Stdin;
use crate::error::{Failure, Usage};
use crate::graph::model::fields::FIELDS;
use crate::graph::model::task::Change;
use crate::graph::requests::{Show, Update};

/// What can be changed, besides the optional fields.
const FLAGS: [&str; 9] =
    ["--title", "--description", "--edit", "--priority", "--type", "--tag", "--untag", "--parent", "--assignee"];

pub fn run(args: UpdateArgs, context: &Context) -> Result<(), Failure> {
    let mut stdin = Stdin::default();
    let fields = stdin.fields(args.fields)?;
    let description = args.description.map(|typed| stdin.value("--description", typed)).transpose()?;
    let (title, description) = if args.edit {
        let (title, description) = edited(&args.id, args.title, description, context)?;
        (Some(title), Some(description))
    } else {
        (args.title, description)
    };
    let change = Change {
        title,
        description,
        task_type: args.task_type,
        priority: args.priority,
        assignee: args.assignee,
        parent: args.parent,
        add_tags: args.add_tags,
        remove_tags: args.remove_tags,
        fields,
    };
    if change.is_empty() {
        let fields = FIELDS.iter().map(|field| field.flag);
        let flags: Vec<&str> = FLAGS.into_iter().chain(fields).collect();
        return Err(Usage::new(format!("`bn task update` needs {}", flags.join(" or "))).into());
    }
    super::change(context, "Updated", &Update { id: args.id, change })
}

/// What the task says, or what the flags say in its place, as it comes out of the editor.
fn edited(
    id: &str,
    title: Option<String>,
    description: Option<String>,
    context: &Context,
) -> Result<(String, String), Failure> {
    let task = Graph::open(context)?.ask(&Show { id: id.to_owned() })?.detail.task;
    editor::edit(context, &title.unwrap_or(task.title), &description.unwrap_or(task.description))
}
