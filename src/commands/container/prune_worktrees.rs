//! `bn container prune --worktrees`: worktrees that `run --create` made and that hold nothing go, with their branches.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::container::{PruneArgs, ScopeArgs};
use crate::commands::container::amounts::room;
use crate::commands::container::find::Runs;
use crate::commands::container::measured::measured;
use crate::commands::{Context, Exit, known};
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::git::host::created::{self, Created, Holds};
use crate::git::host::{Git, discover};
use crate::process::Runner;
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::lock::Lock;
use crate::run::record::store;
use crate::untrusted::remove;

#[derive(Default, Serialize)]
struct Report {
    worktrees: Vec<Row>,
    /// What those take that go; `None` where that could not be measured.
    bytes: Option<u64>,
    dry_run: bool,
}

#[derive(Serialize)]
struct Row {
    worktree: PathBuf,
    branch: String,
    bytes: Option<u64>,
    /// Why it stays.
    kept: Option<String>,
    #[serde(skip)]
    way: Option<String>,
    #[serde(skip)]
    target: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let removed = if self.dry_run { "would remove" } else { "removed" };
        let kept = if self.dry_run { "would keep" } else { "kept" };
        for Row { worktree, branch, bytes, kept: why, way, target } in &self.worktrees {
            let (worktree, size) = (worktree.display(), bytes.map_or_else(|| "of unknown size".to_owned(), room));
            match why {
                None => writeln!(f, "{removed} {worktree} and its branch {branch}, which {target} has ({size})")?,
                Some(why) => writeln!(f, "{kept} {worktree}: {why}")?,
            }
            way.iter().try_for_each(|way| writeln!(f, "  {way}"))?;
        }
        match self.bytes {
            Some(bytes) if self.dry_run && bytes > 0 => writeln!(f, "room that this makes: {}", room(bytes)),
            _ => Ok(()),
        }
    }
}

pub fn run(args: &PruneArgs, context: &Context) -> Result<Exit, Failure> {
    let git = Git::new(Runner::new(&context.env));
    // No run may begin in one of them meanwhile.
    let repositories = DataDir::resolve(&context.env)?.repositories().to_owned();
    let door = repositories.join(".lock");
    store::create_private(&repositories).map_err(|source| RunError::io("make", &repositories, source))?;
    let _door = Lock::take(&door).map_err(|source| RunError::io("lock", &door, source))?;
    let runs = known::runs(context)?;
    let mut report = Report { dry_run: args.dry_run, ..Report::default() };
    let step = context.output.step("looking at worktrees");
    for created in wanted(&args.scope, context, &git)? {
        step.says(format_args!("looking at {}", created.path.display()));
        let holds = holds(&created, &runs, context, &git);
        let bytes = measured(&created.path);
        if holds.is_none() && !args.dry_run {
            remove::folder(&created.path)?;
            created.forget(&git)?;
        }
        let (kept, way) = holds.map_or((None, None), |holds| (Some(holds.why), holds.way));
        let (branch, target) = (created.branch().to_owned(), created.target().to_owned());
        report.worktrees.push(Row { worktree: created.path, branch, bytes, kept, way, target });
    }
    drop(step);
    let going = report.worktrees.iter().filter(|row| row.kept.is_none());
    report.bytes = going.map(|row| row.bytes).try_fold(0u64, |sum, bytes| Some(sum.saturating_add(bytes?)));
    if report.worktrees.is_empty() && !context.output.is_json() {
        context.output.note("there are no worktrees that `run --create` made");
    }
    context.output.print(&report)?;
    Ok(Exit::DONE)
}

/// Those who forget runs hear of worktrees that hold nothing.
pub fn tell(scope: &ScopeArgs, context: &Context) -> Result<(), Failure> {
    let git = Git::new(Runner::new(&context.env));
    let runs = known::runs(context)?;
    let found = wanted(scope, context, &git)?;
    let empty = found.iter().filter(|created| holds(created, &runs, context, &git).is_none()).count();
    if empty > 0 {
        let all = if scope.all_repositories { " --all-repositories" } else { "" };
        let what = if empty == 1 { "1 worktree that --create made holds" } else { "worktrees that --create made hold" };
        let count = if empty == 1 { String::new() } else { format!("{empty} ") };
        context.output.note(format_args!("{count}{what} nothing: bn container prune --worktrees{all}"));
    }
    Ok(())
}

/// Those of this repository, or of all in which there were runs.
fn wanted(scope: &ScopeArgs, context: &Context, git: &Git) -> Result<Vec<Created>, Failure> {
    let mut folders = Vec::new();
    if scope.all_repositories {
        let runs = Runs::read(context)?.to_look_at(true);
        folders.extend(runs.into_iter().map(|run| run.record.spec.checkout.common_dir).filter(|dir| dir.is_dir()));
    }
    if let Ok(place) = discover::place(&context.env.directory) {
        folders.extend(crate::git::host::repository::resolve(git, &place.main_worktree).map(|found| found.common_dir));
    }
    folders.sort();
    folders.dedup();
    let mut found = Vec::new();
    for folder in folders {
        match created::all(git, &folder) {
            Ok(created) => found.extend(created),
            // One that cannot be looked at is no reason not to look at the others.
            Err(error) => context.output.note(format_args!("the worktrees of {} stay: {error}", folder.display())),
        }
    }
    Ok(found)
}

/// Why it stays, if it has to.
fn holds(created: &Created, runs: &[Seen], context: &Context, git: &Git) -> Option<Holds> {
    if let Some(run) = runs.iter().find(|run| run.record.spec.checkout.worktree == created.path) {
        let name = run.record.name();
        let way =
            format!("once its work has landed: bn container prune, or to give it up: bn container discard {name}");
        return Some(Holds { why: format!("the run {name} is not forgotten"), way: Some(way) });
    }
    if context.env.directory.starts_with(&created.path) {
        return Some(Holds { why: "you are in it".to_owned(), way: None });
    }
    created
        .holds(git)
        .unwrap_or_else(|error| Some(Holds { why: format!("it could not be looked at: {error}"), way: None }))
}
