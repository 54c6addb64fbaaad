//! `bn container exec` and `bn container shell`: one more program in a run's container.

use crate::cli::container::{ExecArgs, ShellArgs};
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::{Context, Exit};
use crate::env::terminal::USUAL_KIND;
use crate::error::{Failure, Usage};
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::life::exec::{Wish, exec};
use crate::run::record::census::Seen;

pub fn run(args: &ExecArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named(&args.name, is_stoppable)?;
    let terminal = context.env.stdin_is_terminal && context.env.stdout_is_terminal;
    start(&seen, args.command.clone(), terminal, context)
}

pub fn shell(args: &ShellArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "running", is_stoppable)?;
    if !(context.env.stdin_is_terminal && context.env.stdout_is_terminal) {
        let name = seen.record.name();
        return Err(Usage::new("a shell needs a terminal")
            .hint(format!("without one: bn container exec {name} -- COMMAND"))
            .into());
    }
    start(&seen, ["bash", "-l"].map(str::to_owned).to_vec(), true, context)
}

fn start(seen: &Seen, command: Vec<String>, terminal: bool, context: &Context) -> Result<Exit, Failure> {
    let engine = Engine::connect(&context.env, &Runner::new(&context.env))?;
    // An image of before does not make TERM of what it is told.
    let usual = ("TERM", USUAL_KIND.to_owned());
    let told = std::iter::once(usual).chain(context.env.user_terminal.variables()).filter(|_| terminal);
    let env = told.map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Exit(exec(seen, &Wish { command, terminal, env }, &engine, context.output)?))
}
