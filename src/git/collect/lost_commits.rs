//! Commits that a branch had before the run, and would lose if it moved to the agent's last commit.

use std::collections::BTreeSet;

use crate::git::host::refs::{self, HostRef};
use crate::git::host::{Git, GitError, cherry};
use crate::git::private::{RunGit, kept_git};

/// Returns the commits of the base that `work` lacks: neither as they are, nor made again with the same change, as a
/// rebase makes them. Work of other runs is not lost: their refs have it.
pub fn of(git: &Git, run: &RunGit, work: &str) -> Result<BTreeSet<String>, GitError> {
    let (common, base) = (&run.checkout.common_dir, run.base());
    if refs::is_ancestor(git, common, base, work)? {
        return Ok(BTreeSet::new());
    }
    let Some(lost) = cherry::missing(git, common, base, work)? else { return Ok(BTreeSet::from([base.to_owned()])) };
    kept_by_no_other(git, run, lost)
}

fn kept_by_no_other(git: &Git, run: &RunGit, commits: BTreeSet<String>) -> Result<BTreeSet<String>, GitError> {
    if commits.is_empty() {
        return Ok(commits);
    }
    let own = run.reference("");
    let of_others = |found: &HostRef| found.name.ends_with(b"/work") && !found.name.starts_with(own.as_bytes());
    let mut others: Vec<HostRef> = Vec::new();
    for repository in kept_git::of_others(run).iter().chain([&run.checkout.common_dir]) {
        others.extend(refs::list(git, repository, &["refs/binnacle/runs"])?.into_iter().filter(of_others));
    }
    if run.checkout.branch.is_none() {
        // Where HEAD is no branch it holds nothing that a branch has.
        others.extend(refs::list(git, &run.checkout.common_dir, &["refs/heads", "refs/tags", "refs/remotes"])?);
    }
    let wanted = commits.iter().map(|id| format!("{id}\n"));
    let input: String = wanted.chain(others.iter().map(|found| format!("^{}\n", found.id))).collect();
    let cmd = git.in_dir(&run.checkout.common_dir).args(["rev-list", "--ignore-missing", "--stdin"]);
    let left = git.read_with_input("look for the commits in other runs", &cmd, input.as_bytes())?.text();
    Ok(left.lines().filter(|id| commits.contains(*id)).map(str::to_owned).collect())
}
