//! `bn container wait`: until runs have ended.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cli::container::WaitArgs;
use crate::commands::container::events::moment::Moment;
use crate::commands::container::find::{Runs, any, is_stoppable};
use crate::commands::container::report::RunReport;
use crate::commands::container::{live, notify};
use crate::commands::{Context, Exit};
use crate::error::{FAILED, Failure};
use crate::quantity;
use crate::run::record::census::Seen;
use crate::run::record::run_json::Record;
use crate::run::record::state::State;
use crate::run::record::{RunError, lock};

const POLL: Duration = Duration::from_millis(50);
/// How often runs are looked at that may want something.
const LOOK: Duration = Duration::from_secs(2);
/// The exit code of `timeout`, where the wait was too short.
const STILL_RUNNING: u8 = 124;

pub fn run(args: &WaitArgs, context: &Context) -> Result<Exit, Failure> {
    let patience = args.timeout.as_deref().map(|text| quantity::duration("--timeout", text)).transpose()?;
    let mut waiting = chosen(args, &Runs::read(context)?)?;
    let deadline = patience.map(|patience| Instant::now() + patience);
    let (mut watcher, mut look) = (Wants::default(), Instant::now());
    let mut exit = Exit::DONE;
    // Whoever left this process behind has the command in a variable, where it is nobody else's to read.
    let handed = context.env.notify.as_deref().filter(|_| args.silent);
    let wanted = handed.or(args.notify.as_deref());
    while !waiting.is_empty() {
        let mut ended = Vec::new();
        for run in std::mem::take(&mut waiting) {
            let list =
                if lock::is_held(&run.folder.lock()).map_err(reading(&run))? { &mut waiting } else { &mut ended };
            list.push(run);
        }
        for run in &ended {
            let end = end(run)?;
            if exit == Exit::DONE {
                exit = Exit(end.exit_code);
            }
            if !args.silent {
                context.output.print(&end)?;
            }
            notify::tell(wanted, run.record.name(), &end.outcome, context);
        }
        if wanted.is_some() && Instant::now() >= look {
            look = Instant::now() + LOOK;
            watcher.look(&waiting, context)?.iter().for_each(|run| {
                notify::tell(wanted, run, notify::WAITING, context);
            });
        }
        if args.any && !ended.is_empty() {
            return Ok(exit);
        }
        if !waiting.is_empty() && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            let names: Vec<&str> = waiting.iter().map(|run| run.record.name()).collect();
            context.output.note(format_args!("not ended yet: {}", names.join(", ")));
            return Ok(Exit(STILL_RUNNING));
        }
        std::thread::sleep(if waiting.is_empty() { Duration::ZERO } else { POLL });
    }
    Ok(exit)
}

/// The runs that want something while they work, each told once until it wants nothing.
#[derive(Default)]
struct Wants(BTreeSet<String>);

impl Wants {
    /// The names of those that did not at the last look.
    fn look(&mut self, runs: &[Seen], context: &Context) -> Result<Vec<String>, RunError> {
        let quiet = Context { env: context.env.clone(), output: context.output.without_notes() };
        let signs = live::signs(runs, &quiet);
        let mut now = BTreeSet::new();
        for run in runs {
            if Moment::of(run, signs.get(run.folder.path()))?.waits.is_some() {
                now.insert(run.record.name().to_owned());
            }
        }
        let new = now.difference(&self.0).cloned().collect();
        self.0 = now;
        Ok(new)
    }
}

/// Those that were named, or all of this repository that go on.
fn chosen(args: &WaitArgs, runs: &Runs) -> Result<Vec<Seen>, Failure> {
    if args.all {
        let mut going = runs.to_change(false, "wait NAME")?;
        going.retain(|run| run.owned);
        return Ok(going);
    }
    if args.names.is_empty() {
        return Err(runs
            .which_one("running", is_stoppable)
            .hint("all of this repository: bn container wait --all")
            .into());
    }
    Ok(args.names.iter().map(|name| runs.named(name, any)).collect::<Result<_, _>>()?)
}

/// A run that nobody holds on to any more.
#[derive(Serialize)]
struct End {
    #[serde(flatten)]
    report: RunReport,
    /// What `bn container run` would have exited with.
    exit_code: u8,
    /// In a word.
    #[serde(skip)]
    outcome: String,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.report.name;
        match self.report.state {
            state if state.is_open() => writeln!(f, "{name}: interrupted; go on with: bn container merge {name}"),
            _ => writeln!(f, "{}", self.report.headline()),
        }
    }
}

fn end(run: &Seen) -> Result<End, RunError> {
    let record = Record::load(&run.folder)?;
    let report = RunReport::of(&record, &run.folder)?;
    let exit_code = if record.state == State::Ended { report.exit_code() } else { FAILED };
    Ok(End { report, exit_code, outcome: notify::outcome(&record) })
}

fn reading(run: &Seen) -> impl FnOnce(std::io::Error) -> RunError {
    let path = run.folder.lock();
    move |source| RunError::io("read", &path, source)
}
