//! `bn container list`: what runs, and what ran.

use std::fmt;

use serde::Serialize;

use crate::cli::container::ListArgs;
use crate::commands::container::find::everything;
use crate::commands::container::report::Row;
use crate::commands::{Context, Exit};
use crate::container::tasks::EngineTask;
use crate::data_dir::DataDir;
use crate::env::now;
use crate::error::Failure;
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::record::RunError;
use crate::run::record::run_json::Seen;
use crate::run::watch::process::Watched;

#[derive(Serialize)]
#[serde(transparent)]
struct Listing {
    rows: Vec<Row>,
    #[serde(skip)]
    quiet: bool,
}

pub fn run(args: &ListArgs, context: &Context) -> Result<Exit, Failure> {
    let data = DataDir::resolve(&context.env)?;
    let seen = everything(&data, context.output)?;
    let tasks = engine_tasks(&seen, context);
    let now = now();
    let mut rows = Vec::new();
    for run in seen {
        let alive = is_alive(&run, tasks.as_deref())?;
        let open = run.record.state.is_open() || run.record.needs_sudo;
        if args.all || open || run.owned {
            rows.push(Row::of(&run, alive, now));
        }
    }
    context.output.print(&Listing { rows, quiet: args.quiet })?;
    Ok(Exit::DONE)
}

/// containerd's own list, where it is needed and costs no password: a run whose owner is gone may have a container.
fn engine_tasks(seen: &[Seen], context: &Context) -> Option<Vec<EngineTask>> {
    let orphaned = seen.iter().any(|run| !run.owned && run.record.state.is_open());
    if !orphaned {
        return None;
    }
    let asked = Engine::locate(&context.env, &Runner::new(&context.env)).and_then(|engine| engine.tasks());
    match asked {
        Ok(tasks) => Some(tasks),
        Err(error) => {
            context.output.note(format_args!("could not ask containerd ({error}); going by the records alone"));
            None
        }
    }
}

fn is_alive(run: &Seen, tasks: Option<&[EngineTask]>) -> Result<bool, RunError> {
    let name = run.record.name();
    if let Some(tasks) = tasks {
        return Ok(tasks.iter().any(|task| task.id == name && task.status.is_alive()));
    }
    let Some(pid) = run.record.pid.filter(|_| run.record.state.is_open()) else { return Ok(false) };
    let found = Watched::find(pid, name).map_err(|source| RunError::io("watch", run.folder.path(), source))?;
    Ok(found.is_some())
}

/// The names of the runs that somebody could stop.
pub fn stoppable(seen: &[Seen]) -> Vec<String> {
    let open = seen.iter().filter(|run| run.owned || run.record.state.is_open() || run.record.needs_sudo);
    open.map(|run| run.record.name().to_owned()).collect()
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quiet {
            return self.rows.iter().try_for_each(|row| writeln!(f, "{}", row.name));
        }
        let header = ["NAME", "STATUS", "TYPE", "BRANCH", "WORKTREE", "AGE", "OUTCOME"].map(str::to_owned);
        let lines: Vec<[String; 7]> = std::iter::once(header).chain(self.rows.iter().map(cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 7] = std::array::from_fn(width);
        for line in &lines {
            let padded = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            writeln!(f, "{}", padded.collect::<Vec<_>>().join("   ").trim_end())?;
        }
        Ok(())
    }
}

fn cells(row: &Row) -> [String; 7] {
    [
        row.name.clone(),
        row.status.clone(),
        row.agent_type.clone(),
        row.branch.clone().unwrap_or_else(|| "(detached)".to_owned()),
        row.worktree.clone(),
        row.age.clone(),
        row.outcome.map_or_else(|| "-".to_owned(), |outcome| outcome.to_string()),
    ]
}
