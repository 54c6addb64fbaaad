//! The verbs: each resolves what it needs, calls the pure rooms, and acts.

mod config;
pub mod container;
mod graph;
mod known;
mod mcp;
mod pager;
pub mod shell;

use crate::cli::Command;
use crate::data_dir::Mode;
use crate::env::Env;
use crate::error::{Failure, Usage};
use crate::output::Output;

/// What every verb is given.
#[derive(Clone, Debug)]
pub struct Context {
    pub env: Env,
    pub output: Output,
}

impl Context {
    /// One line where something looks like a container of `bn`'s and is none.
    pub fn say_what_is_ignored(&self, mode: Mode) {
        if let Some(line) = mode.ignored {
            self.output.note(line);
        }
    }

    /// For a command that works on the host alone.
    pub fn refuse_inside(&self, command: &str) -> Result<(), Usage> {
        let mode = Mode::of(&self.env);
        if mode.container {
            let because = mode.because;
            let error =
                Usage::new(format!("`{command}` works on the host, and this is one of its containers ({because})"));
            return Err(error.hint("the task graph is here, too: bn orient"));
        }
        Ok(())
    }
}

/// The exit code of a verb that did its work: 0, or an agent's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    pub const DONE: Exit = Exit(0);
}

pub fn dispatch(command: Command, context: Context) -> Result<Exit, Failure> {
    match command {
        Command::Container(command) => container::dispatch(command, context),
        Command::Config(args) => config::dispatch(&args, &context),
        Command::Graph(command) => graph::dispatch(command, &context),
        Command::Mcp => mcp::run(&context).map(|()| Exit::DONE),
        Command::Completions(args) => shell::completions::run(&args, &context).map(|()| Exit::DONE),
        Command::Man(args) => shell::man::run(&args).map(|()| Exit::DONE),
    }
}
