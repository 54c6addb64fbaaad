//! The commands of the task graph: one file per verb.

pub mod access;
mod agent;
mod backup;
mod batch;
mod blocked;
mod doctor;
mod draw;
mod duplicates;
mod editor;
mod export;
mod goodbye;
mod import;
mod input;
mod link;
mod log;
mod messages;
pub mod orient;
mod plan;
mod ready;
mod render;
mod restore;
mod search;
mod show;
mod stale;
mod stats;
mod task;
mod tree;
mod undo;
mod wanted;

use crate::cli::graph::{AgentCommand, GraphCommand};
use crate::commands::{Context, Exit};
use crate::data_dir::Mode;
use crate::error::Failure;

pub fn dispatch(command: GraphCommand, context: &Context) -> Result<Exit, Failure> {
    let mode = Mode::of(&context.env);
    context.say_what_is_ignored(mode);
    // The page of `orient` has it.
    if mode.container && !matches!(command, GraphCommand::Orient(_)) {
        messages::show(context);
    }
    match command {
        GraphCommand::Orient(args) => orient::run(&args, context)?,
        GraphCommand::Ready(args) => ready::run(args, context)?,
        GraphCommand::Blocked(args) => blocked::run(args, context)?,
        GraphCommand::Task(command) => task::dispatch(command, context)?,
        GraphCommand::Link(command) => link::dispatch(&command, context)?,
        GraphCommand::Search(args) => search::run(&args, context)?,
        GraphCommand::Show(args) => show::run(&args.id, context)?,
        GraphCommand::Log(args) => log::run(&args, context)?,
        GraphCommand::Tree(args) => tree::run(args, context)?,
        GraphCommand::Stats => stats::run(context)?,
        GraphCommand::Stale(args) => stale::run(args, context)?,
        GraphCommand::Duplicates(args) => duplicates::run(&args, context)?,
        GraphCommand::Graph(args) => draw::run(&args, context)?,
        GraphCommand::Agent(AgentCommand::List(args)) => agent::list(&args, context)?,
        GraphCommand::Undo => undo::run(context)?,
        GraphCommand::Plan(args) => plan::run(&args, context)?,
        GraphCommand::Batch(args) => batch::run(&args, context)?,
        GraphCommand::Export(args) => export::run(&args, context)?,
        GraphCommand::Import(args) => import::run(&args, context)?,
        GraphCommand::Backup(args) => backup::run(&args, context)?,
        GraphCommand::Restore(args) => restore::run(&args, context)?,
        GraphCommand::Doctor(args) => return doctor::run(&args, context),
        GraphCommand::Goodbye(args) => goodbye::run(&args, context)?,
    }
    Ok(Exit::DONE)
}
