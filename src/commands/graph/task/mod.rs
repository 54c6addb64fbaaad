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
use crate::graph::model::task::{Status, Task};
use crate::graph::requests::Request;

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

/// The shape of most verbs: change a task, and print it.
fn change(context: &Context, verb: &'static str, request: &impl Request<Answer = Task>) -> Result<(), Failure> {
    let task = Graph::open(context)?.ask(request)?;
    Ok(context.output.print(&Changed { verb, task })?)
}
