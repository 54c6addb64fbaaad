//! `bn`: AI coding agents in containerd containers on git worktrees, and the task graph they share.

mod cli;
mod commands;
mod config;
mod container;
mod data_dir;
mod egress;
mod env;
mod error;
mod failpoint;
mod git;
mod graph;
mod near;
mod output;
mod path_json;
mod ports;
mod process;
mod quantity;
mod run;
mod sanitize;
mod screen;
mod transcript;
mod untrusted;
mod wrong_use;

use std::process::ExitCode;

use clap::Parser;

use output::progress::Shown;

fn main() -> ExitCode {
    let words = env::words();
    match commands::shell::completions::answer(&words) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => return ExitCode::from(wrong_use::report(&error, &words)),
    }
    let cli = match cli::Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(wrong_use::report(&error, &words)),
    };
    let output = output::Output::new(cli.json).quiet(cli.quiet);
    let outcome = env::Env::read(cli.directory.as_deref(), cli.verbose).map_err(error::Failure::from).and_then(|env| {
        let shown = if env.has_moving_lines { Shown::Moving } else { Shown::Lines };
        commands::dispatch(cli.command, commands::Context { output: output.showing(shown), env })
    });
    match outcome {
        Ok(exit) => ExitCode::from(exit.0),
        Err(failure) => ExitCode::from(error::report(&failure, &output)),
    }
}
