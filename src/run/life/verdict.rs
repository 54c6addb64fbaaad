//! What became of a run's work, in the words of its record.

use crate::git::collect::collected::{BranchOutcome, Collected};
use crate::git::host::refs;
use crate::git::merge::fast_forward::MergeOutcome;
use crate::run::life::merge_blockers;
use crate::run::record::state::{Ending, Outcome};

/// An outcome, and why it is that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict(pub Outcome, pub Option<String>);

impl Verdict {
    pub fn refused(why: String) -> Self {
        Self(Outcome::Refused, Some(why))
    }

    /// Work that goes nowhere by itself.
    pub fn unmerged(ending: Ending, collected: &Collected) -> Self {
        let reason = merge_blockers::lost_commits(collected).or_else(|| not_taken_over(collected));
        Self(outcome(ending, collected), reason)
    }

    /// Work that the target has in commits of its own.
    pub fn there(collected: &Collected) -> Self {
        Self::of(MergeOutcome::NothingToMerge, collected)
    }

    /// What a merge has come to.
    pub fn of(merged: MergeOutcome, collected: &Collected) -> Self {
        let (outcome, reason) = of(merged, collected);
        Self(outcome, reason)
    }
}

fn outcome(ending: Ending, collected: &Collected) -> Outcome {
    match ending {
        Ending::Exited { code: 0, .. } if matches!(collected.branch, BranchOutcome::GitLost { .. }) => Outcome::GitLost,
        Ending::Exited { code: 0, .. } if collected.new_commits == 0 && collected.complete => Outcome::NothingToMerge,
        Ending::Exited { code: 0, .. } if merge_blockers::branch_differs(collected) => Outcome::BranchMoved,
        Ending::Exited { code: 0, .. } => Outcome::Unmerged,
        Ending::Exited { .. } | Ending::SetUpFailed { .. } | Ending::OutOfDisk { .. } | Ending::Lost => Outcome::Failed,
        Ending::Stopped { .. } => Outcome::Stopped,
        Ending::TimedOut => Outcome::TimedOut,
    }
}

/// Why there is less of the agent's work than it made.
fn not_taken_over(collected: &Collected) -> Option<String> {
    match &collected.branch {
        BranchOutcome::GitLost { reason: why } | BranchOutcome::Packed { why } => Some(why.clone()),
        _ => None,
    }
}

fn of(merged: MergeOutcome, collected: &Collected) -> (Outcome, Option<String>) {
    match (merged, &collected.branch) {
        (_, BranchOutcome::GitLost { reason }) => (Outcome::GitLost, Some(reason.clone())),
        (MergeOutcome::Merged { from, to }, _) => {
            (Outcome::Merged, Some(format!("{}..{}", refs::short(&from), refs::short(&to))))
        }
        // By hand, or by a bn that died before it could say so.
        (MergeOutcome::NothingToMerge, _) if collected.new_commits > 0 => {
            (Outcome::Merged, Some(format!("{} was there already", refs::short(&collected.head))))
        }
        (MergeOutcome::NothingToMerge, _) if !collected.complete => {
            (Outcome::Refused, Some("not all of the agent's work could be taken over".to_owned()))
        }
        (MergeOutcome::NothingToMerge, _) => (Outcome::NothingToMerge, None),
        // An agent that made no commit leaves nothing to merge, whatever its branch and the target had before.
        (MergeOutcome::Diverged, _) if collected.new_commits == 0 && collected.complete => {
            (Outcome::NothingToMerge, None)
        }
        (MergeOutcome::Diverged, BranchOutcome::BranchMoved { .. }) => (Outcome::BranchMoved, None),
        (MergeOutcome::Diverged, _) => (Outcome::Diverged, None),
        (MergeOutcome::TargetDirty { checkout, paths }, _) => {
            let reason = format!("uncommitted changes in {checkout} are in the way: {}", paths.join(", "));
            (Outcome::TargetDirty, Some(reason))
        }
        (MergeOutcome::TargetBusy { why }, _) => (Outcome::TargetBusy, Some(why)),
        (MergeOutcome::Refused { why }, _) => (Outcome::Refused, Some(why)),
    }
}
