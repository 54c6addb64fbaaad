//! What an agent made in submodules, told with the rest of its work.

use std::path::{Path, PathBuf};

use crate::git::collect::collected::{BranchOutcome, Collected};
use crate::git::collect::{plan, refs};
use crate::git::host::changes::ChangedPath;
use crate::git::host::{Git, GitError, refs as host_refs};
use crate::git::private::RunGit;
use crate::process::Cmd;
use crate::sanitize;

/// A bundle of the commits: a submodule's repository may lie in the git folder of the worktree, and goes with it.
pub fn bundle(run: &RunGit) -> PathBuf {
    run.folder.join("commits.bundle")
}

/// The path for people.
pub fn path(run: &RunGit) -> String {
    sanitize::path(run.submodule.as_ref().map_or(Path::new(""), |submodule| &submodule.path))
}

/// For a submodule whose repository was removed while the agent worked.
pub fn gone(run: &RunGit, collected: &mut Collected) {
    let found = refs::of(run);
    let plan = found.ok().and_then(|found| plan::plan(run, found).ok());
    let is_untouched = |plan: plan::Plan| plan.complete && plan.wanted.iter().all(|wanted| wanted.id == run.base());
    collected.complete = plan.is_some_and(is_untouched);
    collected.notes.extend((!collected.complete).then(|| "its repository is gone".to_owned()));
}

/// What is told of one.
pub fn notes(run: &RunGit, work: &Collected) -> Vec<String> {
    let place = path(run);
    let head = run.checkout.branch.as_deref().unwrap_or("HEAD");
    let stays = match &work.branch {
        BranchOutcome::BranchMoved { .. } => {
            Some(format!("{head} was moved meanwhile, by somebody else, and stays there"))
        }
        BranchOutcome::Busy { why } | BranchOutcome::Excess { why } => Some(format!("{head} stays where it is: {why}")),
        BranchOutcome::Packed { why } => {
            Some(format!("{why}; to take it over all the same: bn container merge {} --accept-handoff", run.run))
        }
        BranchOutcome::GitLost { reason } => Some(format!("what the agent made cannot be read: {reason}")),
        _ => None,
    };
    let all = work.notes.iter().chain(&work.holds).cloned().chain(stays);
    all.map(|note| format!("in the submodule {place}: {note}")).collect()
}

/// Links to commits of other repositories that are new or changed: the user's git would go and look there. Where a commit
/// is that the agent made, and who gets it, is for the user to say.
pub fn links(git: &Git, run: &RunGit, changed: &[ChangedPath]) -> Result<Vec<String>, GitError> {
    let inner = run.submodules();
    let mut holds = Vec::new();
    for link in changed.iter().filter(|changed| changed.is_submodule()) {
        let place = sanitize::path(&link.path);
        let own = inner.iter().find(|inner| inner.submodule.as_ref().is_some_and(|own| own.path == link.path));
        let where_to = match own {
            None => String::new(),
            Some(own) if host_refs::commit(git, &own.checkout.common_dir, &link.id)?.is_some() => {
                let show =
                    Cmd::new("git").arg("-C").arg(&own.checkout.worktree).args(["log", host_refs::short(&link.id)]);
                format!("; its commit is there alone: {show}")
            }
            Some(_) => format!("; its commit {} is not there", host_refs::short(&link.id)),
        };
        holds.push(format!("the submodule link {place} is new or changed{where_to}"));
    }
    Ok(holds)
}
