//! `bn completions`: the script that a shell reads once, and the answers to what that script asks.

use std::ffi::OsString;

use clap::CommandFactory;
use clap_complete::CompleteEnv;
use clap_complete::env::Shells;

use crate::cli::Cli;
use crate::cli::shell::{CompletionsArgs, Shell};
use crate::commands::Context;
use crate::commands::shell::candidates;
use crate::error::{Failure, Usage};

/// Set by the script when it asks; its value is the shell's name.
const VARIABLE: &str = "BN_COMPLETE";
const PROGRAM: &str = "bn";

pub fn run(args: &CompletionsArgs, context: &Context) -> Result<(), Failure> {
    let name = match args.shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
    };
    let shells = Shells::builtins();
    let shell = shells.completer(name).ok_or_else(|| Usage::new(format!("{name} has no completions")))?;
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    Ok(context.output.text(&String::from_utf8_lossy(&script))?)
}

/// Answers a shell that asks how a command line may go on, on standard output; false where none asks.
pub fn answer(words: &[OsString]) -> clap::error::Result<bool> {
    let command = || candidates::told_where_they_fit(Cli::command());
    CompleteEnv::with_factory(command).var(VARIABLE).try_complete(words, None)
}
