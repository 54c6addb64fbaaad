//! `--notify`: calls the person who has looked elsewhere. No word of an agent's is in what it says.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::container::BELL;
use crate::commands::Context;
use crate::env::{Env, NOTIFY, own_program};
use crate::error::Failure;
use crate::process::{Cmd, Runner};
use crate::run::engine::is_installed;
use crate::run::life::logout::lasting;
use crate::run::record::run_json::Record;

/// How long a program that tells somebody may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// For programs and people: the run has not ended, and wants somebody.
pub const WAITING: &str = "waiting";

/// In one word, what became of a run.
pub fn outcome(record: &Record) -> String {
    match record.outcome {
        _ if record.state.is_open() => "interrupted".to_owned(),
        Some(outcome) => outcome.to_string(),
        None => record.state.to_string(),
    }
}

/// Tells that this became of the run. `wanted` is what `--notify` was given: the bell, or the user's own command.
pub fn tell(wanted: Option<&str>, run: &str, outcome: &str, context: &Context) {
    let runner = Runner::new(&context.env);
    match wanted {
        None => {}
        Some(command) if command != BELL => {
            let cmd = of_user(command, run, outcome);
            let failure = match runner.capture_within(&cmd, b"", PATIENCE) {
                Err(error) => Some(error.to_string()),
                Ok(answer) if answer.success() => None,
                Ok(answer) => Some(format!("{} ({})", answer.stderr.trim(), answer.status)),
            };
            if let Some(failure) = failure {
                context.output.note(format_args!("the command of --notify failed: {failure}"));
            }
        }
        Some(_) => {
            ring(run, outcome, context);
            if is_installed(&context.env, "notify-send") {
                // Where there is no desktop to show it on, the bell is all there is.
                drop(runner.capture_within(&desktop(run, outcome), b"", PATIENCE));
            }
        }
    }
}

/// Leaves a process behind that waits for a detached run and tells. A terminal of this command's is there for its bell.
pub fn later(wanted: &str, record: &Record, runner: &Runner, env: &Env) -> Result<(), Failure> {
    let wait = ["container", "wait", "--silent", "--notify", record.name()];
    let wait = Cmd::new(own_program()?).args(wait);
    // It goes on as long as the run does, after a logout, too. No run has a name with a colon.
    let lasting = lasting(wait, &format!("notify:{}", record.name()), env, runner);
    let cmd = lasting.cmd.clone().directory(&record.spec.checkout.main_worktree);
    // Command lines are read by every user of the machine, variables by this one.
    let cmd = if wanted == BELL { cmd } else { cmd.env(NOTIFY, wanted) };
    let stdout = if env.stdout_is_terminal { Stdio::inherit() } else { Stdio::null() };
    let process = runner.spawn_apart(&cmd, Stdio::null(), stdout, Stdio::null())?;
    let held = process.map_or(Ok(()), |mut process| lasting.await_unit(&mut process));
    Ok(held.with_context(|| format!("nobody will be told when {} ends", record.name()))?)
}

/// What it has to say is in variables: no shell reads it as more than a word. So is the command itself, which other users of the
/// machine would read on a command line.
fn of_user(command: &str, run: &str, outcome: &str) -> Cmd {
    let cmd = Cmd::new("sh").args(["-c", &format!("eval \"${NOTIFY}\"")]).env(NOTIFY, command);
    cmd.env("BN_RUN", run).env("BN_OUTCOME", outcome)
}

fn desktop(run: &str, outcome: &str) -> Cmd {
    Cmd::new("notify-send").args(["--app-name=bn", "--", &format!("bn: {run}"), outcome])
}

/// The terminal's bell, and its title.
fn ring(run: &str, outcome: &str, context: &Context) {
    if context.env.stdout_is_terminal && !context.output.is_json() {
        // A terminal that is gone is no reason not to go on.
        drop(context.output.write(format!("\u{1b}]0;bn: {run}: {outcome}\u{7}\u{7}").as_bytes()));
    }
}
