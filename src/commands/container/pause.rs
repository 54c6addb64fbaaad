//! `bn container pause` and `bn container resume`: a container stands still, and goes on.

use std::fmt;

use serde::Serialize;

use crate::cli::container::PauseArgs;
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::{Context, Exit};
use crate::error::{Failure, Usage};
use crate::process::Runner;
use crate::run::engine::{Engine, EngineError};
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::state::State;
use crate::run::watch::activity::{Activity, activity};

/// What the runs are from now on.
#[derive(Serialize)]
#[serde(transparent)]
struct Report(Vec<Held>);

#[derive(Serialize)]
struct Held {
    name: String,
    paused: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|held| writeln!(f, "{}", held.name))
    }
}

/// One of the two verbs.
struct Verb {
    name: &'static str,
    /// What a run is afterwards.
    to: Activity,
    /// What it is called where it was that before.
    already: &'static str,
    act: fn(&Engine, &str) -> Result<(), EngineError>,
}

pub fn run(args: &PauseArgs, context: &Context) -> Result<Exit, Failure> {
    let pause = Verb { name: "pause", to: Activity::Paused, already: "is paused already", act: Engine::pause };
    act(args, &pause, context)
}

pub fn resume(args: &PauseArgs, context: &Context) -> Result<Exit, Failure> {
    let resume = Verb { name: "resume", to: Activity::Runs, already: "is not paused", act: Engine::resume };
    act(args, &resume, context)
}

fn act(args: &PauseArgs, verb: &Verb, context: &Context) -> Result<Exit, Failure> {
    let runs = Runs::read(context)?;
    if args.names.is_empty() {
        return Err(runs.which_one("running", is_stoppable).into());
    }
    // All are looked at before anything is done to one.
    let chosen = args.names.iter().map(|name| chosen(&runs, name, verb)).collect::<Result<Vec<_>, _>>()?;
    let engine = Engine::connect(&context.env, &Runner::new(&context.env))?;
    let mut report = Vec::new();
    for (seen, found) in &chosen {
        let name = seen.record.name();
        match *found == verb.to {
            true => context.output.note(format_args!("{name} {}", verb.already)),
            false => (verb.act)(&engine, name)?,
        }
        report.push(Held { name: name.to_owned(), paused: verb.to == Activity::Paused });
    }
    context.output.print(&Report(report))?;
    Ok(Exit::DONE)
}

/// A run whose agent works, and whether it is paused.
fn chosen(runs: &Runs, name: &str, verb: &Verb) -> Result<(Seen, Activity), Failure> {
    let seen = runs.named(name, is_stoppable)?;
    let found = activity(&seen).map_err(|source| RunError::io("watch", seen.folder.path(), source))?;
    let (name, state) = (seen.record.name(), seen.record.state);
    match (found, state) {
        (Activity::Runs | Activity::Paused, State::Running) => Ok((seen, found)),
        (_, State::Preparing | State::Starting) => {
            Err(Usage::new(format!("{name} is {state}: there is no agent yet to {}", verb.name))
                .hint(format!("try again in a moment: bn container {} {name}", verb.name))
                .into())
        }
        _ => Err(Usage::new(format!("{name} has no running agent to {}", verb.name))
            .hint(format!("what became of it: bn container inspect {name}"))
            .into()),
    }
}
