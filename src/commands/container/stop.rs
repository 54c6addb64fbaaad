//! `bn container stop`: end runs, all of them at the same time, and keep what their agents committed.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cli::container::StopArgs;
use crate::commands::container::find::{everything, find};
use crate::commands::container::list::stoppable;
use crate::commands::{Context, Exit};
use crate::data_dir::{DataDir, RepoId};
use crate::error::Failure;
use crate::git::host::{Git, discover};
use crate::output::Output;
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::life::stop::{Stopped, stop};
use crate::run::record::RunError;
use crate::run::record::run_json::{Seen, all_in};

#[derive(Serialize)]
#[serde(transparent)]
struct Report(Vec<Stopped>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|stopped| writeln!(f, "{}", stopped.name))
    }
}

pub fn run(args: &StopArgs, context: &Context) -> Result<Exit, Failure> {
    let runner = Runner::new(&context.env);
    let data = DataDir::resolve(&context.env)?;
    let chosen =
        if args.all { of_this_repository(context, &data)? } else { named(&args.names, &data, context.output)? };
    if chosen.is_empty() {
        context.output.note("nothing is running here");
        return Ok(Exit::DONE);
    }
    let engine = Engine::connect(&context.env, &runner)?;
    let git = Git::new(runner);
    let grace = Duration::from_secs(args.time.into());
    let results = at_once(&chosen, &engine, &git, grace);
    let (done, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let done: Vec<Stopped> = done.into_iter().filter_map(Result::ok).collect();
    done.iter().filter_map(|stopped| stopped.note.as_ref()).for_each(|note| context.output.note(note));
    context.output.print(&Report(done))?;
    let mut errors: Vec<Failure> = failed.into_iter().filter_map(Result::err).collect();
    let first = (!errors.is_empty()).then(|| errors.remove(0));
    errors.iter().for_each(|error| context.output.note(format_args!("Error: {error}")));
    first.map_or(Ok(Exit::DONE), Err)
}

/// Each in a thread of its own: ten graces together take as long as one.
fn at_once(chosen: &[Seen], engine: &Engine, git: &Git, grace: Duration) -> Vec<Result<Stopped, Failure>> {
    let deadline = Instant::now() + grace;
    std::thread::scope(|scope| {
        let threads: Vec<_> = chosen.iter().map(|run| scope.spawn(move || stop(run, engine, git, deadline))).collect();
        let died = |name: &str| RunError::OwnerDied { name: name.to_owned(), log: "stopping it failed".to_owned() };
        threads
            .into_iter()
            .zip(chosen)
            .map(|(thread, run)| thread.join().unwrap_or_else(|_| Err(died(run.record.name()).into())))
            .collect()
    })
}

fn of_this_repository(context: &Context, data: &DataDir) -> Result<Vec<Seen>, Failure> {
    let repo = RepoId::of(&discover::main_worktree(&context.env.directory)?);
    let seen = all_in(&data.runs(&repo))?;
    let names = stoppable(&seen);
    Ok(seen.into_iter().filter(|run| names.iter().any(|name| name == run.record.name())).collect())
}

fn named(names: &[String], data: &DataDir, output: Output) -> Result<Vec<Seen>, RunError> {
    let seen = everything(data, output)?;
    let known = stoppable(&seen);
    names.iter().map(|name| find(&seen, name, &known)).collect()
}
