//! Takes over what the agent committed. May be called again after dying at any point of it.

use serde::{Deserialize, Serialize};

use super::branch::{self, BranchOutcome};
use super::harvest::{self, Harvest};
use super::prepare::RunGit;
use super::{Git, GitError, changes, fetch, private_refs, quarantine, refs, take};
use crate::failpoint::{self, Point};

/// What came of the agent's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// The commit of the agent's starting branch at its end: what there is to merge. The base where it did not move.
    pub head: String,
    /// Commits from the base to `head`.
    pub new_commits: u64,
    pub refs: Vec<TakenRef>,
    pub branch: BranchOutcome,
    /// Where the agent ended, if not on its starting branch: a branch's name, or a commit.
    pub ended_on: Option<String>,
    /// Nested git folders that were put aside, by their new names, relative to the worktree.
    pub quarantined: Vec<String>,
    /// To be told to the user.
    pub notes: Vec<String>,
    /// Reasons not to merge without having been asked.
    pub holds: Vec<String>,
    /// All that was found has been taken over: the private folder may go.
    pub complete: bool,
}

/// One commit of the agent's under a ref of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenRef {
    /// As the agent named it, made printable.
    pub name: String,
    /// As it is called here.
    pub reference: String,
    pub id: String,
}

/// To be called when the container is gone.
pub fn collect(git: &Git, run: &RunGit) -> Result<Collected, GitError> {
    let aside = quarantine::run(run)?;
    failpoint::reached(Point::Quarantined);
    let mut collected = Collected {
        head: run.base().to_owned(),
        new_commits: 0,
        refs: Vec::new(),
        branch: BranchOutcome::Unchanged,
        ended_on: None,
        quarantined: aside
            .moved
            .iter()
            .map(|path| private_refs::printable(path.as_os_str().as_encoded_bytes()))
            .collect(),
        notes: aside.notes,
        holds: Vec::new(),
        complete: false,
    };
    match private_refs::read(&run.private(), &run.checkout.object_format) {
        Err(error) => collected.branch = BranchOutcome::GitLost { reason: error.to_string() },
        Ok(found) => take_over(git, run, harvest::plan(run, found)?, &mut collected)?,
    }
    Ok(collected)
}

fn take_over(git: &Git, run: &RunGit, mut harvest: Harvest, collected: &mut Collected) -> Result<(), GitError> {
    take::objects(run, &harvest.refs())?;
    harvest.check(git, run)?;
    fetch::all(git, run, &mut harvest)?;
    collected.notes.append(&mut harvest.notes);
    collected.complete = harvest.complete;
    collected.ended_on = harvest.ended_on();
    collected.refs = harvest.taken(run);
    if let Some(work) = harvest.work() {
        work.clone_into(&mut collected.head);
        collected.new_commits = count(git, run, work)?;
        collected.holds.extend(submodule_links(git, run, work)?);
    }
    collected.branch = branch::settle(git, run, &harvest, &mut collected.notes)?;
    failpoint::reached(Point::IndexMoved);
    super::remove::folder(&run.taken())
}

fn count(git: &Git, run: &RunGit, head: &str) -> Result<u64, GitError> {
    let cmd = git.in_dir(&run.checkout.common_dir).args(["rev-list", "--count", head, "--not", run.base()]);
    Ok(git.read("count the commits", &cmd)?.text().parse().unwrap_or(0))
}

/// A link to another repository's commit: the user's git would go and look there.
fn submodule_links(git: &Git, run: &RunGit, head: &str) -> Result<Vec<String>, GitError> {
    let changed = changes::changed_paths(git, run, run.base(), head)?;
    let links = changed.iter().filter(|changed| changed.is_submodule());
    Ok(links
        .map(|link| format!("submodule link {}", private_refs::printable(link.path.as_os_str().as_encoded_bytes())))
        .collect())
}

/// The refs of a run that are still there.
pub fn kept(git: &Git, run: &RunGit) -> Result<Vec<refs::HostRef>, GitError> {
    refs::list(git, &run.checkout.common_dir, &[&super::prepare::prefix(&run.run)])
}
