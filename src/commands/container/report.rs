//! A run as people and programs see it.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::commands::container::next;
use crate::egress::model::tally::Counts;
use crate::egress::summary::Summary;
use crate::error::NOT_MERGED;
use crate::git::collect::collected::{BranchOutcome, Collected, Kept};
use crate::git::collect::kept;
use crate::git::collect::plan::WORK;
use crate::git::host::refs;
use crate::git::merge::conflict::Conflict;
use crate::process::Cmd;
use crate::run::record::RunError;
use crate::run::record::check::Check;
use crate::run::record::folder::Folder;
use crate::run::record::hand_off::HandOff;
use crate::run::record::run_json::Record;
use crate::run::record::state::{Ending, Outcome, State};
use crate::run::watch::proxy;

/// So many uncommitted files are named to people.
const MOST_NAMED: usize = 20;

/// How a run ended.
#[derive(Debug, Serialize)]
pub struct RunReport {
    pub name: String,
    pub state: State,
    pub ending: Option<Ending>,
    pub outcome: Option<Outcome>,
    pub reason: Option<String>,
    pub branch: Option<String>,
    pub target: String,
    /// Commits that the agent added to where it began.
    pub commits: u64,
    /// All that it committed has been taken over.
    pub complete: bool,
    /// Commits that the merge brought to the target, the agent's and others.
    pub brought: Option<u64>,
    pub notes: Vec<String>,
    /// Changed files that programs of the host run or obey.
    pub handed_over: Vec<HandOff>,
    /// The files that both the work and its target have changed.
    pub conflicts: Vec<Conflict>,
    /// The last trial of what the target would be.
    pub check: Option<Check>,
    /// What is nowhere else than with the run, beside its work.
    pub kept: Vec<Kept>,
    /// What models were asked, through endpoints that keep their keys outside.
    pub models: Counts,
    /// What the agent could not reach.
    pub egress: Summary,
    pub next: Option<String>,
}

impl RunReport {
    pub fn of(record: &Record, folder: &Folder) -> Result<Self, RunError> {
        let collected = record.collected.as_ref();
        let egress = Summary::read(folder.path()).map_err(|source| RunError::io("read", folder.path(), source))?;
        Ok(Self {
            name: record.name().to_owned(),
            state: record.state,
            ending: record.ending,
            outcome: record.outcome,
            reason: record.reason.clone().or_else(|| explanation(record, folder)),
            branch: record.spec.checkout.branch.clone(),
            target: record.spec.target.branch.clone(),
            commits: collected.map_or(0, Collected::own_commits),
            complete: collected.is_none_or(|collected| collected.complete),
            brought: record.brought,
            notes: collected.map(notes).unwrap_or_default(),
            handed_over: record.handed_over.clone(),
            conflicts: record.conflicts.clone(),
            check: record.check.clone(),
            kept: record.kept.clone(),
            models: proxy::asked(&record.spec, folder)?,
            egress,
            next: next::after(record),
        })
    }

    /// 0 when the work is where it was to go, 3 when it could not go there, else the agent's own.
    pub fn exit_code(&self) -> u8 {
        match (self.outcome, self.ending) {
            (Some(Outcome::Merged | Outcome::NothingToMerge | Outcome::Unmerged), _) => 0,
            (Some(Outcome::Failed | Outcome::Stopped | Outcome::TimedOut), Some(ending)) => ending.exit_code(),
            _ => NOT_MERGED,
        }
    }
}

/// What there is to say where the outcome's name does not say it all.
fn explanation(record: &Record, folder: &Folder) -> Option<String> {
    let spec = &record.spec;
    match (record.outcome, record.ending) {
        (Some(Outcome::BranchMoved), _) => {
            let look = record.git(folder).map(|git| kept::to_see(&git, &git.reference(WORK)).to_string());
            Some(format!("{}; the agent's commits are kept: {}", how_moved(record), look.unwrap_or_default()))
        }
        (_, Some(Ending::Exited { out_of_memory: true, .. })) => {
            Some(format!("it may use {} MiB; --memory gives it more", spec.limits.memory >> 20))
        }
        (_, Some(Ending::SetUpFailed { .. })) => {
            let by_hand = Cmd::new("bn").args(["container", "run", "--shell"]).arg(&spec.checkout.worktree);
            let printed = match spec.terminal {
                true => "what it printed is above".to_owned(),
                false => format!("what it printed: bn container logs {}", spec.name),
            };
            Some(format!("{printed}; try it by hand: {by_hand}"))
        }
        (_, Some(Ending::OutOfDisk { almost_full: false })) => {
            Some(format!("it wrote more than its limit of {} MiB; --disk gives it more", spec.limits.disk >> 20))
        }
        (_, Some(Ending::OutOfDisk { almost_full: true })) => {
            Some("less than an eighth of the disk that was free at its start was left".to_owned())
        }
        _ => None,
    }
}

/// Where the branch is by now, on which the agent began.
fn how_moved(record: &Record) -> String {
    let branch = record.spec.checkout.branch.as_deref();
    let place = branch.map_or_else(|| "the worktree's HEAD".to_owned(), |branch| format!("branch {branch}"));
    match record.collected.as_ref().map(|collected| &collected.branch) {
        Some(BranchOutcome::BranchMoved { found: Some(id), .. }) => {
            format!("{place} was moved to {} meanwhile, by somebody else", refs::short(id))
        }
        Some(BranchOutcome::BranchMoved { renamed: Some(name), .. }) => {
            format!("{place} is gone, and its worktree is on {name} now")
        }
        _ => format!("{place} is gone"),
    }
}

fn notes(collected: &Collected) -> Vec<String> {
    let aside = collected.quarantined.iter().map(|path| format!("a git folder in the worktree was renamed: {path}"));
    collected.notes.iter().cloned().chain(aside).collect()
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        let asked = if self.models.is_empty() { String::new() } else { format!(" ({})", self.models) };
        writeln!(f, "{}{asked}", self.headline())?;
        // What diverged or did not pass its check is told with the reason.
        let told = matches!(self.outcome, Some(Outcome::Diverged | Outcome::CheckFailed));
        if let Some(reason) = self.reason.as_ref().filter(|_| !told) {
            writeln!(f, "  {reason}")?;
        }
        if let (Some(Outcome::CheckFailed), Some(check)) = (self.outcome, &self.check) {
            check.lines.iter().try_for_each(|line| writeln!(f, "  | {line}"))?;
            if !check.lines.is_empty() {
                writeln!(f, "  all that it printed: bn container logs {} --check", self.name)?;
            }
        }
        let named: Vec<&str> = self
            .handed_over
            .iter()
            .filter(|file| !file.held && !file.uncommitted)
            .map(|file| file.path.as_str())
            .collect();
        if !named.is_empty() {
            writeln!(f, "  changed files that your tools run or obey: {}", named.join(", "))?;
        }
        let loose = self.handed_over.iter().filter(|file| file.uncommitted);
        let (installed, loose): (Vec<_>, Vec<_>) = loose.partition(|file| installed_in(&file.path).is_some());
        let mut loose: Vec<String> =
            loose.into_iter().map(|file| format!("{} ({})", file.path, file.obeyed_by)).collect();
        let more = loose.len().saturating_sub(MOST_NAMED);
        loose.truncate(MOST_NAMED);
        loose.extend((more > 0).then(|| format!("{more} more")));
        if !loose.is_empty() {
            writeln!(
                f,
                "  left uncommitted in the worktree, where your tools obey them without asking: {}",
                loose.join(", ")
            )?;
        }
        if !installed.is_empty() {
            let folders: BTreeSet<&str> = installed.iter().filter_map(|file| installed_in(&file.path)).collect();
            let folders = folders.into_iter().collect::<Vec<_>>().join(", ");
            let (count, name) = (installed.len(), &self.name);
            writeln!(f, "  {count} more that packages installed in {folders}: bn container inspect {name}")?;
        }
        for kept in self.kept.iter().take(MOST_NAMED) {
            writeln!(f, "  kept with the run: {}: {}", kept.what, kept.get)?;
        }
        if self.kept.len() > MOST_NAMED {
            writeln!(f, "  and {} more: bn container inspect {}", self.kept.len() - MOST_NAMED, self.name)?;
        }
        write!(f, "{}", self.egress)?;
        if let Some(next) = &self.next {
            writeln!(f, "hint: {next}")?;
        }
        Ok(())
    }
}

/// The folder of installed packages that a path is in.
fn installed_in(path: &str) -> Option<&'static str> {
    const FOLDERS: &[&str] = &["node_modules", ".venv", "venv", "site-packages", ".tox", ".nox", "bower_components"];
    let mut above = path.split('/').rev().skip(1);
    above.find_map(|part| FOLDERS.iter().find(|folder| **folder == part)).copied()
}

/// A run that goes on by itself.
#[derive(Serialize)]
pub struct Started<'a> {
    pub name: &'a str,
}

impl fmt::Display for Started<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)
    }
}
