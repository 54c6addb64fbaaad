//! What to type after a run that has ended.

use crate::git::collect::collected::BranchOutcome;
use crate::git::host::worktrees::{self, Operation};
use crate::process::Cmd;
use crate::run::record::run_json::Record;
use crate::run::record::state::{Outcome, State};

/// `None` where there is nothing left to do.
pub fn after(record: &Record) -> Option<String> {
    let name = record.name();
    if record.needs_sudo {
        return Some(format!("bn container merge {name}"));
    }
    let work = record.collected.as_ref().is_some_and(|collected| collected.new_commits > 0 || !collected.complete);
    if let (Some(Outcome::Diverged), true) = (record.outcome, record.spec.checkout.branch.is_some()) {
        return Some(after_diverging(record));
    }
    if record.outcome == Some(Outcome::CheckFailed) {
        return Some(format!("bn container retry {name}"));
    }
    if let Some(BranchOutcome::Excess { .. }) = record.collected.as_ref().map(|collected| &collected.branch) {
        return Some(format!("bn container discard {name}"));
    }
    let waits = record.outcome.is_some_and(|outcome| outcome.leaves_work()) && work
        || record.outcome == Some(Outcome::TargetSetBack);
    let looked_for = record.handed_over.iter().any(|file| file.held)
        || record.collected.as_ref().is_some_and(|collected| {
            !collected.holds.is_empty() || matches!(collected.branch, BranchOutcome::Packed { .. })
        });
    let held = match record.outcome {
        Some(Outcome::Refused) => looked_for,
        Some(Outcome::TargetSetBack) => true,
        _ => false,
    };
    let accept = if held { " --accept-handoff" } else { "" };
    if record.state == State::CollectFailed || record.outcome == Some(Outcome::GitLost) {
        // Discard asks, and keeps a copy.
        return Some(format!("bn container merge {name} || bn container discard {name}"));
    }
    waits.then(|| format!("bn container merge {name}{accept}"))
}

/// Its commits go on top of the target; where they cannot by themselves, the user helps in the worktree.
fn after_diverging(record: &Record) -> String {
    let (name, worktree) = (record.name(), &record.spec.checkout.worktree);
    let git = Cmd::new("git").arg("-C").arg(worktree);
    match worktrees::unfinished(&record.spec.checkout.git_dir) {
        Some(Operation { finish, .. }) => format!("{} && bn container merge {name}", git.args(finish)),
        None if record.conflicts.is_empty() => format!("bn container merge {name} --rebase"),
        None => format!("{} && bn container merge {name}", git.args(["rebase", &record.spec.target.branch])),
    }
}
