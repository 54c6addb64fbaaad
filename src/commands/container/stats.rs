//! `bn container stats`: how much of the machine runs use.

use std::fmt;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::cli::container::StatsArgs;
use crate::commands::container::amounts::{percent, size};
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::container::table::{Column, Table};
use crate::commands::{Context, Exit};
use crate::error::{Failure, Usage};
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::watch::usage::Sample;

/// How long processors are watched.
const WATCHED: Duration = Duration::from_millis(500);

#[derive(Serialize)]
#[serde(transparent)]
struct Stats(Vec<Use>);

/// What one run uses, and what it may use.
#[derive(Serialize)]
struct Use {
    name: String,
    /// Of one processor.
    cpu_percent: Option<f64>,
    /// Processors.
    cpu_limit: f64,
    /// Bytes.
    memory: Option<u64>,
    memory_limit: u64,
    processes: Option<u64>,
    process_limit: u32,
}

pub fn run(args: &StatsArgs, context: &Context) -> Result<Exit, Failure> {
    let runs = Runs::read(context)?;
    let seen = match args.names.as_slice() {
        [] => runs.to_look_at(args.scope.all_repositories),
        names => names.iter().map(|name| runs.named(name, is_stoppable)).collect::<Result<_, _>>()?,
    };
    let before = seen.iter().map(sample).collect::<Result<Vec<_>, _>>()?;
    if before.iter().any(Option::is_some) {
        thread::sleep(WATCHED);
    }
    let mut stats = Vec::new();
    for (run, before) in seen.iter().zip(before) {
        match before.zip(sample(run)?) {
            Some((before, after)) => stats.push(used(run, &before, &after)),
            None if args.names.is_empty() => {}
            None => return Err(ended(run.record.name()).into()),
        }
    }
    if stats.is_empty() && !context.output.is_json() {
        context.output.note("no container runs");
        return Ok(Exit::DONE);
    }
    context.output.print(&Stats(stats))?;
    Ok(Exit::DONE)
}

fn ended(name: &str) -> Usage {
    Usage::new(format!("{name} has no running container, and uses nothing"))
        .hint(format!("what became of it: bn container inspect {name}"))
}

fn sample(run: &Seen) -> Result<Option<Sample>, RunError> {
    let Some(pid) = run.record.pid.filter(|_| run.record.state.is_open()) else { return Ok(None) };
    Sample::take(pid, run.record.name()).map_err(|source| RunError::io("watch", run.folder.path(), source))
}

fn used(run: &Seen, before: &Sample, after: &Sample) -> Use {
    let limits = &run.record.spec.limits;
    Use {
        name: run.record.name().to_owned(),
        cpu_percent: after.percent_since(before),
        cpu_limit: limits.cpus,
        memory: after.used.memory,
        memory_limit: limits.memory,
        processes: after.used.processes,
        process_limit: limits.pids,
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = |head, cell: fn(&Use) -> String| Column { head, cells: self.0.iter().map(cell).collect() };
        write!(
            f,
            "{}",
            Table(vec![
                column("NAME", |used| used.name.clone()),
                column("CPU", |used| percent(used.cpu_percent)),
                column("OF", |used| percent(Some(used.cpu_limit * 100.0))),
                column("MEMORY", |used| size(used.memory)),
                column("OF", |used| size(Some(used.memory_limit))),
                column("PROCESSES", |used| used.processes.map_or_else(|| "-".to_owned(), |count| count.to_string())),
                column("OF", |used| used.process_limit.to_string()),
            ])
        )
    }
}
