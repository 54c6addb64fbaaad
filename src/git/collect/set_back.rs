//! What a branch would lose if it went to where the agent's is: commits that were there before the run.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::git::host::git::refused;
use crate::git::host::refs::{self, HostRef};
use crate::git::host::{Git, GitError};
use crate::git::private::{RunGit, own_refs};
use crate::process::{Cmd, ProcessError};

/// How long the two histories are compared. What takes longer counts as lost.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The commits of the base that `work` does not have: neither as they are, nor made again with the same change, as a
/// rebase makes them. Work of other runs is not lost: their refs have it.
pub fn left_out(git: &Git, run: &RunGit, work: &str) -> Result<BTreeSet<String>, GitError> {
    let (common, base) = (&run.checkout.common_dir, run.base());
    if refs::is_ancestor(git, common, base, work)? {
        return Ok(BTreeSet::new());
    }
    let unknown = || Ok(BTreeSet::from([base.to_owned()]));
    let cherry = git.in_dir(common).args(["cherry", work, base]);
    // A merge has no change of its own, but for files that are like those of none of its parents.
    let merges = git.in_dir(common).args(["log", "--merges", "-c", "--name-only", "--format=+ %H"]);
    let merges = merges.arg(format!("{work}..{base}")).arg("--");
    let (Some(cherry), Some(merges)) = (answer(git, &cherry)?, answer(git, &merges)?) else { return unknown() };
    let mut lost: BTreeSet<String> =
        cherry.lines().filter_map(|line| line.strip_prefix("+ ")).map(str::to_owned).collect();
    lost.extend(mended(&merges));
    kept_by_no_other(git, run, lost)
}

/// `None` where it takes too long.
fn answer(git: &Git, cmd: &Cmd) -> Result<Option<String>, GitError> {
    match git.capture_within(cmd, &[], TIME_LIMIT) {
        Err(GitError::Process(ProcessError::Slow { .. } | ProcessError::Stream { .. })) => Ok(None),
        Err(other) => Err(other),
        Ok(answer) if answer.success() => Ok(Some(answer.text())),
        Ok(answer) => Err(refused("compare the branch with what it was", &answer)),
    }
}

/// The merges of a listing that have files of their own.
fn mended(listing: &str) -> BTreeSet<String> {
    let (mut merge, mut found) = (None, BTreeSet::new());
    for line in listing.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("+ ") {
            Some(id) => merge = Some(id),
            None => found.extend(merge.map(str::to_owned)),
        }
    }
    found
}

fn kept_by_no_other(git: &Git, run: &RunGit, commits: BTreeSet<String>) -> Result<BTreeSet<String>, GitError> {
    if commits.is_empty() {
        return Ok(commits);
    }
    let own = run.reference("");
    let of_others = |found: &HostRef| found.name.ends_with(b"/work") && !found.name.starts_with(own.as_bytes());
    let mut others: Vec<HostRef> = Vec::new();
    for repository in own_refs::of_others(run).iter().chain([&run.checkout.common_dir]) {
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
