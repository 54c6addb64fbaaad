//! `bn container list`: what runs, and what ran.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::cli::container::ListArgs;
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::container::port::Open;
use crate::commands::container::report::Row;
use crate::commands::container::table::{Column, Step, Table};
use crate::commands::{Context, Exit};
use crate::container::tasks::EngineTask;
use crate::env::now;
use crate::error::Failure;
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::watch::process::Watched;
use crate::sanitize;

/// What is left out first where the terminal is too narrow.
const NARROWER: [Step; 5] =
    [Step::Shorten("WORKTREE"), Step::Drop("TYPE"), Step::Drop("WORKTREE"), Step::Drop("BRANCH"), Step::Drop("AGE")];

#[derive(Serialize)]
#[serde(transparent)]
struct Listing {
    rows: Vec<Row>,
    #[serde(skip)]
    quiet: bool,
    /// The rows may be of several repositories.
    #[serde(skip)]
    repositories: bool,
    #[serde(skip)]
    width: Option<usize>,
}

pub fn run(args: &ListArgs, context: &Context) -> Result<Exit, Failure> {
    let runs = Runs::read(context)?;
    let all_repositories = args.scope.all_repositories;
    let wanted = |run: &Seen| args.all || is_stoppable(run);
    let mut seen = runs.to_look_at(all_repositories);
    seen.retain(wanted);
    let tasks = engine_tasks(&seen, context);
    let now = now();
    let rows = seen.iter().map(|run| Ok(Row::of(run, is_alive(run, tasks.as_deref())?, Open::all(run)?, now)));
    let rows: Vec<Row> = rows.collect::<Result<_, RunError>>()?;
    let repositories = runs.spans_repositories(all_repositories);
    if rows.is_empty() && !repositories && !args.quiet && !context.output.is_json() {
        tell_of_others(runs.elsewhere(wanted), args.all, context);
    }
    context.output.print(&Listing { rows, quiet: args.quiet, repositories, width: context.env.width })?;
    Ok(Exit::DONE)
}

/// An empty list is no sign that there is nothing at all.
fn tell_of_others(count: usize, ended_too: bool, context: &Context) {
    let all = if ended_too { " --all" } else { "" };
    if count > 0 {
        let there = if count == 1 { "there is 1 run".to_owned() } else { format!("there are {count} runs") };
        context.output.note(format_args!("{there} in other repositories: bn container list{all} --all-repositories"));
    }
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
            context.output.note(format_args!("containerd did not answer ({error}); this list is what the records say"));
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

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quiet {
            return self.rows.iter().try_for_each(|row| writeln!(f, "{}", row.name));
        }
        let column = |head, cell: fn(&Row) -> String| Column { head, cells: self.rows.iter().map(cell).collect() };
        let mut columns = vec![
            column("NAME", |row| row.name.clone()),
            column("STATUS", |row| row.status.clone()),
            column("TYPE", |row| row.agent_type.clone()),
            column("BRANCH", |row| {
                row.branch.as_ref().map_or("(detached)".to_owned(), |name| sanitize::name(name.as_bytes()))
            }),
            column("WORKTREE", |row| sanitize::name(row.worktree.as_bytes())),
            column("AGE", |row| row.age.clone()),
            column("OUTCOME", outcome),
        ];
        if self.rows.iter().any(|row| !row.ports.is_empty()) {
            columns.insert(columns.len() - 1, column("PORTS", ports));
        }
        if self.repositories {
            columns.insert(1, Column { head: "REPO", cells: repository_names(&self.rows) });
        }
        write!(f, "{}", Table(columns).fit(self.width, &NARROWER))
    }
}

/// The folders' own names; the whole paths of those that have the same one.
fn repository_names(rows: &[Row]) -> Vec<String> {
    let last = |row: &Row| Path::new(&row.repository).file_name().map(|name| name.to_owned());
    let is_shared =
        |row: &&Row| rows.iter().any(|other| other.repository != row.repository && last(other) == last(row));
    let shown = rows.iter().map(|row| match last(row).filter(|_| !is_shared(&row)) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => row.repository.clone(),
    });
    shown.map(|name| sanitize::name(name.as_bytes())).collect()
}

/// This machine's ports, and the container's that they lead to.
fn ports(row: &Row) -> String {
    row.ports.iter().map(Open::to_string).collect::<Vec<_>>().join(" ")
}

/// What became of the work, and that there is more than it.
fn outcome(row: &Row) -> String {
    let outcome = row.outcome.map_or_else(|| "-".to_owned(), |outcome| outcome.to_string());
    if row.kept == 0 { outcome } else { format!("{outcome}, {} kept", row.kept) }
}
