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
        return Some(format!("bn container merge {name} (removes the container, which takes sudo)"));
    }
    let work = record.collected.as_ref().is_some_and(|collected| collected.new_commits > 0 || !collected.complete);
    if let (Some(Outcome::Diverged), true) = (record.outcome, record.spec.checkout.branch.is_some()) {
        let (worktree, target) = (&record.spec.checkout.worktree, &record.spec.target.branch);
        if let Some(Operation { name: what, finish }) = worktrees::unfinished(&record.spec.checkout.git_dir) {
            let (place, abort) = (worktree.display(), if finish[1] == "--continue" { ", or --abort" } else { "" });
            let git = Cmd::new("git").arg("-C").arg(worktree).args(finish);
            return Some(format!("{what} waits in {place}: {git}{abort}; then bn container merge {name}"));
        }
        let rebase = Cmd::new("git").arg("-C").arg(worktree).args(["rebase", target]);
        return Some(format!("{rebase} && bn container merge {name}"));
    }
    if let Some(BranchOutcome::Excess { .. }) = record.collected.as_ref().map(|collected| &collected.branch) {
        return Some(format!("to give it up, a copy is kept: bn container discard {name}"));
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
        return Some(format!(
            "bn container merge {name} tries again; bn container discard {name} gives it up and keeps a copy"
        ));
    }
    waits.then(|| format!("bn container merge {name}{accept}"))
}
