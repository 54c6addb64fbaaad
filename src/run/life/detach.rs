//! A run that goes on without the command that began it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;

use crate::env::{Env, own_program};
use crate::error::Failure;
use crate::failpoint::{self, Point};
use crate::output::Output;
use crate::process::{Cmd, Runner};
use crate::run::life::logout::lasting;
use crate::run::record::RunError;
use crate::run::record::run::Run;

/// What the owner of a detached run says once the agent runs.
pub const HELD: &str = "held";

/// Passes the run and its lock to the same program in a session of its own. Returns once that supervises the agent.
pub fn detach(run: &Run, runner: &Runner, env: &Env, output: Output) -> Result<(), Failure> {
    let cmd = Cmd::new(own_program()?).args(runner.traces().then_some("--verbose")).args(["container", "supervise"]);
    let owner = lasting(cmd.arg(run.folder.path()), run.name(), env, runner);
    if let Some(note) = owner.note {
        output.note(note);
    }
    // Whatever is left to sync ends with this process.
    run.settle()?;
    let log = run.folder.owner_log();
    match start_apart(&owner.cmd, run.lock().as_stdio()?, &log, runner)? {
        Started::Holds => Ok(()),
        Started::Said(log) => Err(RunError::OwnerDied { name: run.name().to_owned(), log }.into()),
    }
}

/// What became of a process that was to go on by itself.
pub enum Started {
    Holds,
    /// It ended, and this was its last word.
    Said(String),
}

/// Starts a process in a session of its own, and returns once it has said that it holds.
pub fn start_apart(cmd: &Cmd, stdin: Stdio, log: &Path, runner: &Runner) -> Result<Started, Failure> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(log);
    let file = file.map_err(|source| RunError::io("write", log, source))?;
    let Some(mut owner) = runner.spawn_apart(cmd, stdin, Stdio::piped(), Stdio::from(file))? else {
        return Ok(Started::Holds);
    };
    failpoint::reached(Point::OwnerStarted);
    let mut word = String::new();
    if let Some(stdout) = owner.stdout.take() {
        BufReader::new(stdout).read_line(&mut word)?;
    }
    if word.trim() == HELD {
        return Ok(Started::Holds);
    }
    let said = File::open(log).and_then(crate::process::tail).unwrap_or_default();
    Ok(Started::Said(said.trim().to_owned()))
}
