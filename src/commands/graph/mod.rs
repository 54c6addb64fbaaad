//! The commands of the task graph: one file per verb.

pub mod access;
mod goodbye;
mod orient;
mod ready;
mod render;
mod task;

use super::{Context, Exit};
use crate::cli::graph::GraphCommand;

pub fn dispatch(command: GraphCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        GraphCommand::Orient(args) => orient::run(&args, context)?,
        GraphCommand::Ready(args) => ready::run(args, context)?,
        GraphCommand::Task(command) => task::dispatch(command, context)?,
        GraphCommand::Goodbye(args) => goodbye::run(&args, context)?,
    }
    Ok(Exit::DONE)
}
