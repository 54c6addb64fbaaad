//! Whether work is on its target, in other commits than those that the agent made: rebased, squashed, or picked one by one.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use crate::git::collect::collected::Collected;
use crate::git::host::git::refused;
use crate::git::host::{Git, GitError, changes, cherry, refs};
use crate::git::private::RunGit;

/// How long may be looked for the agent's changes among the target's.
const COMPARISON_LIMIT: Duration = Duration::from_secs(60);
/// How many commits are compared: of a target that has gone further, the latest.
const COMMITS_MAX: &str = "10000";

/// Whether the target has the work of a run, as it was made or made again.
pub fn is_there(git: &Git, run: &RunGit, collected: &Collected) -> Result<bool, GitError> {
    let (common, work) = (&run.checkout.common_dir, collected.head.as_str());
    let Some(target) = refs::commit(git, common, &run.target.reference())? else { return Ok(false) };
    let remade =
        collected.remade.as_deref().filter(|made| refs::commit(git, common, made).is_ok_and(|id| id.is_some()));
    let is_remade = remade.map(|made| refs::is_ancestor(git, common, made, &target)).transpose()?.unwrap_or(false);
    Ok(is_remade || refs::is_ancestor(git, common, work, &target)? || is_reapplied(git, run, &target, work)?)
}

/// Whether the target has every change of the work in commits of its own.
///
/// Where a conflict was mended the changes differ. Then each commit has to be there by its author, their time and its title,
/// which a rebase keeps, and the run's own branch has to be merged: nobody has picked a part of it.
pub fn is_reapplied(git: &Git, run: &RunGit, target: &str, work: &str) -> Result<bool, GitError> {
    let common = &run.checkout.common_dir;
    if changes::excess(git, common, run.base(), work)?.is_some() {
        return Ok(false);
    }
    let Some(missing) = cherry::missing(git, common, work, target)? else { return Ok(false) };
    if missing.is_empty() {
        return Ok(true);
    }
    let branch = run.checkout.branch_ref().filter(|_| !run.works_on_target());
    let tip = branch.map(|branch| refs::commit(git, common, &branch)).transpose()?.flatten();
    let Some(tip) = tip else { return Ok(false) };
    if !refs::is_ancestor(git, common, &tip, target)? {
        return Ok(false);
    }
    let there = signatures(git, common, &format!("{work}..{target}"))?;
    let made: HashSet<Signature> = signatures(git, common, &format!("{target}..{work}"))?
        .into_iter()
        .filter(|made| missing.contains(&made.id))
        .collect();
    Ok(made.len() == missing.len() && made.iter().all(|made| there.iter().any(|there| there.by == made.by)))
}

/// A commit, and what a rebase keeps of it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Signature {
    id: String,
    by: String,
}

fn signatures(git: &Git, common: &Path, range: &str) -> Result<Vec<Signature>, GitError> {
    let cmd = git.in_dir(common).args(["log", "--no-merges", "--format=%H %at %ae %an %s", "--max-count", COMMITS_MAX]);
    let answer = git.capture_within(&cmd.args([range, "--"]), &[], COMPARISON_LIMIT)?;
    if !answer.success() {
        return Err(refused("compare with the target", &answer));
    }
    let split = |line: &str| line.split_once(' ').map(|(id, by)| Signature { id: id.to_owned(), by: by.to_owned() });
    Ok(answer.text().lines().filter_map(split).collect())
}
