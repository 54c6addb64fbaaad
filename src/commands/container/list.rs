//! `bn container list`: what runs, and what ran.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::cli::container::ListArgs;
use crate::commands::container::amounts::{age_in_words, percent, size};
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::container::live::{self, Live};
use crate::commands::container::port::Open;
use crate::commands::container::row::Row;
use crate::commands::container::table::{Column, Step, Table, cut};
use crate::commands::container::wish;
use crate::commands::{Context, Exit};
use crate::container::tasks::EngineTask;
use crate::env::now;
use crate::error::Failure;
use crate::git::host::Git;
use crate::output::paint::{Painted, Style};
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::watch::activity::{self as watch, Activity};
use crate::sanitize;

/// What is left out first where the terminal is too narrow.
const NARROWER: [Step; 16] = [
    Step::Abbreviate("AGE"),
    Step::Shorten("WORKTREE"),
    Step::Drop("TYPE"),
    Step::Drop("WORKTREE"),
    Step::FirstWord("TASK"),
    Step::Cut("DOING", 20),
    Step::Drop("CPU"),
    Step::Drop("MEMORY"),
    Step::Drop("BRANCH"),
    Step::Cut("DOING", 12),
    Step::Drop("FILES"),
    Step::Drop("PORTS"),
    Step::Drop("AGE"),
    Step::Drop("TASK"),
    Step::Drop("COMMITS"),
    Step::Drop("DOING"),
];
/// These are not shown where no run has anything in them.
const OFTEN_EMPTY: [&str; 6] = ["COMMITS", "FILES", "CPU", "MEMORY", "TASK", "DOING"];
/// What stands for nothing.
const NOTHING: &str = "-";
/// So much is shown of a task's title, and of what an agent does. Letters.
const LONGEST_TITLE: usize = 24;
const LONGEST_DOING: usize = 32;

#[derive(Default, Serialize)]
#[serde(transparent)]
pub struct Listing {
    pub rows: Vec<Row>,
    #[serde(skip)]
    quiet: bool,
    /// The rows may be of several repositories.
    #[serde(skip)]
    pub repositories: bool,
    #[serde(skip)]
    width: Option<usize>,
}

pub fn run(args: &ListArgs, context: &Context) -> Result<Exit, Failure> {
    let runs = Runs::read(context)?;
    let listing = Listing::of(&runs, args, context)?;
    if listing.rows.is_empty() && !listing.repositories && !args.quiet && !context.output.is_json() {
        tell_of_others(runs.elsewhere(|run| is_wanted(run, args)), args.all, context);
    }
    match context.output.is_json() || args.quiet {
        true => context.output.print(&listing)?,
        false => context.output.painted(&listing.painted(), context.env.colors)?,
    }
    Ok(Exit::DONE)
}

/// What the list has now.
pub fn look(args: &ListArgs, context: &Context) -> Result<Listing, Failure> {
    Listing::of(&Runs::read(context)?, args, context)
}

/// Whoever asks for names alone asks what runs.
fn is_wanted(run: &Seen, args: &ListArgs) -> bool {
    args.all || is_stoppable(run) || !args.quiet && wants_something(run)
}

/// Whether a run that has ended is not done with.
fn wants_something(run: &Seen) -> bool {
    wish::of(run, Activity::None, None, &[]).is_ok_and(|wish| wish.is_some())
}

/// Where names alone are wanted, nobody has to look into the runs.
fn rows(seen: &[Seen], names: bool, context: &Context) -> Result<Vec<Row>, RunError> {
    let tasks = engine_tasks(seen, context);
    let live = match names {
        true => vec![Live::default(); seen.len()],
        // Where a target is, is asked once for all runs that have it.
        false => live::look_at(seen, &Git::new(Runner::new(&context.env)).remembering(), context),
    };
    let now = now();
    seen.iter().zip(live).map(|(run, live)| Row::of(run, activity(run, tasks.as_deref())?, live, now)).collect()
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

fn activity(run: &Seen, tasks: Option<&[EngineTask]>) -> Result<Activity, RunError> {
    let found = watch::activity(run).map_err(|source| RunError::io("watch", run.folder.path(), source))?;
    let name = run.record.name();
    match tasks {
        Some(tasks) if found == Activity::None => {
            let alive = tasks.iter().any(|task| task.id == name && task.status.is_alive());
            Ok(if alive { Activity::Runs } else { Activity::None })
        }
        _ => Ok(found),
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quiet {
            return self.rows.iter().try_for_each(|row| writeln!(f, "{}", row.name));
        }
        f.write_str(&self.painted().for_terminal(false))
    }
}

impl Listing {
    fn of(runs: &Runs, args: &ListArgs, context: &Context) -> Result<Self, Failure> {
        let all_repositories = args.scope.all_repositories;
        let mut seen = runs.to_look_at(all_repositories);
        seen.retain(|run| is_wanted(run, args));
        let rows = rows(&seen, args.quiet && !context.output.is_json(), context)?;
        let repositories = runs.spans_repositories(all_repositories);
        Ok(Self { rows, quiet: args.quiet, repositories, width: context.env.width })
    }

    /// The table, and below it what to do.
    fn painted(&self) -> Painted {
        let mut whole =
            self.table(self.width).painted(|head, cell| if head == "STATUS" { color(cell) } else { Style::Plain });
        for row in &self.rows {
            if let Some(wish) = &row.wish {
                wish.add_to(&mut whole, &row.name, self.width);
            }
        }
        whole
    }

    /// As wide as this at most.
    pub fn table(&self, width: Option<usize>) -> Table {
        let column = |head, cell: fn(&Row) -> String| Column { head, cells: self.rows.iter().map(cell).collect() };
        let mut columns = vec![
            column("NAME", |row| row.name.clone()),
            column("STATUS", |row| row.status.clone()),
            column("TYPE", |row| row.agent_type.clone()),
            column("BRANCH", |row| {
                row.branch.as_ref().map_or("(detached)".to_owned(), |name| sanitize::name(name.as_bytes()))
            }),
            column("WORKTREE", |row| sanitize::name(row.worktree.as_bytes())),
            column("AGE", |row| age_in_words(row.elapsed)),
            column("COMMITS", |row| number(row.commits)),
            column("FILES", |row| number(row.files)),
            column("CPU", |row| percent(row.cpu_percent)),
            column("MEMORY", |row| size(row.memory)),
            column("TASK", task),
            column("DOING", doing),
            column("OUTCOME", outcome),
        ];
        columns
            .retain(|column| !OFTEN_EMPTY.contains(&column.head) || column.cells.iter().any(|cell| !is_nothing(cell)));
        if self.rows.iter().any(|row| !row.ports.is_empty()) {
            columns.insert(columns.len() - 1, column("PORTS", ports));
        }
        if self.repositories {
            columns.insert(1, Column { head: "REPO", cells: repository_names(&self.rows) });
        }
        Table(columns).fit(width, &NARROWER)
    }
}

/// What runs, what ended well, what did not, and what nobody holds on to.
pub fn color(status: &str) -> Style {
    match status {
        "running" => Style::Green,
        "exited (0)" => Style::Plain,
        "preparing" | "starting" | "collecting" | "checking" | "stopped" | "paused" => Style::Yellow,
        _ => Style::Red,
    }
}

fn is_nothing(cell: &str) -> bool {
    cell == NOTHING || cell == "0"
}

fn number(count: Option<u64>) -> String {
    count.map_or_else(|| NOTHING.to_owned(), |count| count.to_string())
}

/// The first one that the agent has in hand.
fn task(row: &Row) -> String {
    let Some(task) = row.tasks.first() else { return NOTHING.to_owned() };
    format!("{} {}", task.id, cut(&sanitize::name(task.title.as_bytes()), LONGEST_TITLE))
}

/// The tool that the agent has begun last.
fn doing(row: &Row) -> String {
    let told = row.doing.as_ref().map(|doing| cut(&sanitize::name(doing.as_bytes()), LONGEST_DOING));
    told.unwrap_or_else(|| NOTHING.to_owned())
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
