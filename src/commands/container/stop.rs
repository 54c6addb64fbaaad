//! `bn container stop`: end runs, all of them at the same time, and keep what their agents committed.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cli::container::StopArgs;
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::{Context, Exit};
use crate::error::{Failure, Usage};
use crate::git::host::Git;
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::life::stop::{Stopped, stop, stop_unreadable};
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::unreadable::Unreadable;

#[derive(Serialize)]
#[serde(transparent)]
struct Report(Vec<Stopped>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|stopped| writeln!(f, "{}", stopped.name))
    }
}

pub fn run(args: &StopArgs, context: &Context) -> Result<Exit, Failure> {
    let runs = Runs::read(context)?;
    let lost: Vec<&Unreadable> = args.names.iter().filter_map(|name| runs.unreadable(name)).collect();
    let chosen = if args.all || args.scope.all_repositories {
        let mut chosen = runs.to_change(args.scope.all_repositories, "stop --all")?;
        chosen.retain(is_stoppable);
        chosen
    } else {
        named(&args.names, &runs)?
    };
    if chosen.is_empty() && lost.is_empty() {
        context.output.note("nothing is running here");
        return Ok(Exit::DONE);
    }
    let runner = Runner::new(&context.env);
    let engine = Engine::connect(&context.env, &runner)?;
    let git = Git::new(runner);
    let grace = Duration::from_secs(args.time.into());
    let step = context.output.step(what(&chosen, &lost));
    let mut results = at_once(&chosen, &engine, &git, grace, args.message.as_deref());
    results.extend(lost.iter().map(|lost| stop_unreadable(lost, &engine, Instant::now() + grace)));
    drop(step);
    let (done, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let done: Vec<Stopped> = done.into_iter().filter_map(Result::ok).collect();
    done.iter().filter_map(|stopped| stopped.note.as_ref()).for_each(|note| context.output.note(note));
    context.output.print(&Report(done))?;
    let mut errors: Vec<Failure> = failed.into_iter().filter_map(Result::err).collect();
    let first = (!errors.is_empty()).then(|| errors.remove(0));
    errors.iter().for_each(|error| context.output.note(format_args!("Error: {error}")));
    first.map_or(Ok(Exit::DONE), Err)
}

/// What whoever waits is shown.
fn what(chosen: &[Seen], lost: &[&Unreadable]) -> String {
    let names: Vec<String> =
        chosen.iter().map(|run| run.record.name().to_owned()).chain(lost.iter().map(|lost| lost.name())).collect();
    match names.as_slice() {
        [name] => format!("stopping {name}"),
        names => format!("stopping {} runs: {}", names.len(), names.join(", ")),
    }
}

/// Each in a thread of its own: ten graces together take as long as one.
fn at_once(
    chosen: &[Seen],
    engine: &Engine,
    git: &Git,
    grace: Duration,
    message: Option<&str>,
) -> Vec<Result<Stopped, Failure>> {
    let deadline = Instant::now() + grace;
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            chosen.iter().map(|run| scope.spawn(move || stop(run, engine, git, deadline, message))).collect();
        let died = |name: &str| RunError::OwnerDied { name: name.to_owned(), log: "stopping it failed".to_owned() };
        threads
            .into_iter()
            .zip(chosen)
            .map(|(thread, run)| thread.join().unwrap_or_else(|_| Err(died(run.record.name()).into())))
            .collect()
    })
}

/// Each run once, however often and in however many ways it was named.
fn named(names: &[String], runs: &Runs) -> Result<Vec<Seen>, Failure> {
    if names.is_empty() {
        return Err(or_all(runs.which_one("running", is_stoppable)).into());
    }
    let mut chosen: Vec<Seen> = Vec::new();
    for name in names.iter().filter(|name| runs.unreadable(name).is_none()) {
        let run = runs.named(name, is_stoppable)?;
        if chosen.iter().all(|other| other.folder != run.folder) {
            chosen.push(run);
        }
    }
    Ok(chosen)
}

fn or_all(mut question: Usage) -> Usage {
    if question.hints.is_empty() {
        question.message.push_str(". Or --all");
    }
    question
}
