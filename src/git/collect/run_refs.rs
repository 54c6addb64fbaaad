//! The end of a run's git: what goes, and what is kept until its work is somewhere else.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failpoint::{self, Point};
use crate::git::host::{Git, GitError, refs};
use crate::git::private::own_refs;
use crate::git::private::run_git::{RunGit, SEEN_TARGETS, prefix};
use crate::untrusted::remove;

/// A ref of a run that holds commits which the target does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRef {
    pub reference: String,
    pub id: String,
}

/// Removes the private folder, then the refs whose commits the target has; with the last of them goes all that the run borrowed.
/// Only after everything in it was collected (`Collected::complete`).
pub fn discard(git: &Git, run: &RunGit) -> Result<(), GitError> {
    remove_folders(&run.folder)?;
    let kept = run.kept();
    let (pins, others): (Vec<RunRef>, Vec<RunRef>) = list(git, &kept, &run.run)?.into_iter().partition(RunRef::is_pin);
    let merged = reached(git, run, &others)?;
    let all = merged.len() == others.len();
    if all {
        crate::git::private::bare::remove(&run.folder, SEEN_TARGETS)?;
    }
    refs::delete(git, &kept, &names(merged.into_iter().filter(|found| found.own != "uncommitted")))?;
    failpoint::reached(Point::WorkRefsRemoved);
    refs::delete(git, &kept, &names(pins.iter()))?;
    // A rehearsal does not know of the copy.
    if all && !git.rehearses() && run.has_own_refs() && others.iter().all(|found| found.own != "uncommitted") {
        own_refs::remove(&run.checkout.common_dir, &run.run, &run.folder)?;
    }
    failpoint::reached(Point::RefsRemoved);
    Ok(())
}

/// Undoes a preparation, also one that was cut short, of a run that never started.
pub fn abandon(git: &Git, common_dir: &Path, run: &str, folder: &Path) -> Result<(), GitError> {
    remove_folders(folder)?;
    crate::git::private::bare::remove(folder, SEEN_TARGETS)?;
    forget(git, common_dir, run, folder)
}

fn remove_folders(folder: &Path) -> Result<(), GitError> {
    for name in ["git", "view", "taken", "empty", "not-taken.git"] {
        remove::folder(&folder.join(name))?;
    }
    for name in ["dot-git", "nobody", "start-refs", "snapshot-index"] {
        crate::git::private::bare::remove(folder, name)?;
    }
    failpoint::reached(Point::PrivateRemoved);
    Ok(())
}

/// A ref of a run. An older bn had pins among them.
#[derive(Debug)]
struct RunRef {
    name: String,
    /// Below the run's prefix.
    own: String,
    id: String,
    /// The commit, where it is one or a tag of one.
    commit: String,
}

impl RunRef {
    fn is_pin(&self) -> bool {
        self.own == "pin" || self.own.starts_with("pins/")
    }

    /// What the agent made, and meant to keep.
    fn is_work(&self) -> bool {
        !self.is_pin() && !matches!(self.own.as_str(), "old" | "uncommitted" | "history")
    }
}

fn names<'a>(refs: impl Iterator<Item = &'a RunRef>) -> Vec<String> {
    refs.map(|found| found.name.clone()).collect()
}

fn list(git: &Git, repository: &Path, run: &str) -> Result<Vec<RunRef>, GitError> {
    let prefix = prefix(run);
    let cmd =
        git.in_dir(repository).args(["for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", &prefix]);
    let listing = git.read("list the run's refs", &cmd)?.text();
    Ok(listing.lines().filter_map(|line| parse(line, &prefix)).collect())
}

fn parse(line: &str, prefix: &str) -> Option<RunRef> {
    let mut words = line.split(' ');
    let (name, id) = (words.next()?, words.next()?);
    let commit = words.next().filter(|peeled| !peeled.is_empty()).unwrap_or(id);
    let own = name.strip_prefix(prefix)?.to_owned();
    Some(RunRef { name: name.to_owned(), own, id: id.to_owned(), commit: commit.to_owned() })
}

/// Those whose commits are all in the history of the target.
fn reached<'a>(git: &Git, run: &RunGit, refs: &'a [RunRef]) -> Result<Vec<&'a RunRef>, GitError> {
    let common_dir = &run.checkout.common_dir;
    let Some(target) = refs::commit(git, common_dir, &run.target.reference())?.filter(|_| !refs.is_empty()) else {
        return Ok(Vec::new());
    };
    let mut input: String = refs.iter().map(|found| format!("{}\n", found.commit)).collect();
    input.push_str(&format!("^{target}\n"));
    let cmd = git.in_dir(&run.kept()).args(["rev-list", "--stdin"]);
    let outside = git.read_with_input("look for unmerged work", &cmd, input.as_bytes())?.text();
    let outside: HashSet<&str> = outside.lines().collect();
    let tags = match refs.iter().any(|found| found.id != found.commit) {
        true => refs::list(git, common_dir, &["refs/tags"])?,
        false => Vec::new(),
    };
    // A tag with a text of its own is more than its commit.
    let is_told = |found: &RunRef| found.id == found.commit || tags.iter().any(|tag| tag.id == found.id);
    Ok(refs.iter().filter(|found| !outside.contains(found.commit.as_str()) && is_told(found)).collect())
}

/// The work of a run that its target does not have. While there is any, the name is taken.
pub fn unmerged(git: &Git, run: &RunGit) -> Result<Vec<KeptRef>, GitError> {
    let work: Vec<RunRef> = list(git, &run.kept(), &run.run)?.into_iter().filter(RunRef::is_work).collect();
    let merged = names(reached(git, run, &work)?.into_iter());
    let kept = work.into_iter().filter(|found| !merged.contains(&found.name));
    Ok(kept.map(|found| KeptRef { reference: found.name, id: found.id }).collect())
}

/// All refs of a run, with what they are at.
pub fn all(git: &Git, run: &RunGit) -> Result<Vec<KeptRef>, GitError> {
    let refs = list(git, &run.kept(), &run.run)?.into_iter().filter(|found| !found.is_pin());
    Ok(refs.map(|found| KeptRef { reference: found.name, id: found.id }).collect())
}

/// Deletes every ref of a run, its work too, and all that it borrowed: for `prune`, once the user has said so.
pub fn forget(git: &Git, common_dir: &Path, run: &str, folder: &Path) -> Result<(), GitError> {
    own_refs::remove(common_dir, run, folder)?;
    // Those of an older bn.
    refs::delete(git, common_dir, &names(list(git, common_dir, run)?.iter()))
}
