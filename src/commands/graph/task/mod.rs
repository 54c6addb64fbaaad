//! `bn task …`: one file per verb.

mod claim;
mod close;
mod create;
mod delete;
mod list;
mod note;
mod release;
mod reopen;
pub mod show;
mod update;

use std::fmt;

use serde::Serialize;

use crate::cli::task::TaskCommand;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::render;
use crate::error::Failure;
use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::task::{Status, Task};
use crate::graph::store::Writer;

pub fn dispatch(command: TaskCommand, context: &Context) -> Result<(), Failure> {
    match command {
        TaskCommand::Create(args) => create::run(args, context),
        TaskCommand::List(args) => list::run(args, context),
        TaskCommand::Show(args) => show::run(&args.id, context),
        TaskCommand::Update(args) => update::run(args, context),
        TaskCommand::Claim(args) => claim::run(&args, context),
        TaskCommand::Release(args) => release::run(&args, context),
        TaskCommand::Close(args) => close::run(args, Status::Done, context),
        TaskCommand::Cancel(args) => close::run(args, Status::Cancelled, context),
        TaskCommand::Reopen(args) => reopen::run(&args, context),
        TaskCommand::Note(args) => note::run(&args, context),
        TaskCommand::Delete(args) => delete::run(&args, context),
        TaskCommand::Undelete(args) => delete::undo(&args, context),
    }
}

/// A task after a change of it: the whole of it for programs, one line for people.
#[derive(Serialize)]
struct Changed {
    #[serde(skip)]
    verb: &'static str,
    #[serde(flatten)]
    task: Task,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.verb, render::named(&self.task))
    }
}

/// The shape of most verbs: find the task, change it, print it.
fn change(
    context: &Context,
    typed: &str,
    verb: &'static str,
    work: impl FnOnce(&Writer, &TaskId) -> Result<Task, GraphError>,
) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let task = graph.write(|writer| work(writer, &writer.resolve(typed)?))?;
    Ok(context.output.print(&Changed { verb, task })?)
}
