//! Reasons why `bn` does not merge work by itself: the user moved the branches, or the agent's branch lost commits.

use crate::error::Failure;
use crate::git::collect::collected::BranchOutcome;
use crate::git::collect::collected::Collected;
use crate::git::host::refs::short;
use crate::git::host::{Git, refs};
use crate::git::merge::target_set_back;
use crate::git::private::RunGit;
use crate::process::Cmd;

/// Whether the user's branch is not at the agent's commit: then the user decides what becomes of the work.
pub fn branch_differs(collected: &Collected) -> bool {
    match collected.branch {
        BranchOutcome::BranchMoved { .. } => collected.new_commits > 0,
        BranchOutcome::SetBack { .. } => true,
        _ => false,
    }
}

/// Returns why work that lacks commits of its own branch is not merged by itself.
pub fn lost_commits(collected: &Collected) -> Option<String> {
    let BranchOutcome::SetBack { kept, left_out } = &collected.branch else { return None };
    let reason = format!("the work lacks {left_out} of the commits that its branch has at {}", short(kept));
    (collected.new_commits > 0).then_some(reason)
}

/// Returns why work that builds on commits which the user has taken back from the target is not merged by itself.
pub fn target_set_back(git: &Git, prepared: &RunGit, collected: &Collected) -> Result<Option<String>, Failure> {
    let (common, name) = (&prepared.checkout.common_dir, &prepared.target.branch);
    let Some(target) = refs::commit(git, common, &prepared.target.reference())? else { return Ok(None) };
    let seen = target_set_back::dropped_commit(git, prepared, &target, &collected.head)?;
    Ok(seen.map(|seen| {
        let (seen, target) = (short(&seen), short(&target));
        let apart = Cmd::new("git").arg("-C").arg(&prepared.checkout.worktree).args(["rebase", "--onto", name, seen]);
        format!(
            "{name} was at {seen} when the agent saw it, and is back at {target}: a merge would bring {seen} again; \
             to merge the rest alone: {apart}, then bn container merge {}",
            prepared.run
        )
    }))
}
