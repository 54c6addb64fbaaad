//! The end of a run's git: what goes, and what is kept until its work is somewhere else.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use memchr::memmem;
use serde::{Deserialize, Serialize};

use crate::failpoint::{self, Point};
use crate::git::host::git::os;
use crate::git::host::refs::Packed;
use crate::git::host::{Git, GitError, refs};
use crate::git::private::prepare::REPOSITORY_OF;
use crate::git::private::run_git::{MODULES, REPOSITORY, RunGit, SEEN_TARGETS, prefix};
use crate::git::private::{bare, kept_git};
use crate::untrusted::remove;

/// A ref of a run that holds commits which the target does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRef {
    pub reference: String,
    pub id: String,
}

/// Removes the private folder, then the refs whose commits the target has; with the last of them goes all that the run borrowed.
/// Only after everything in it was collected (`Collected::complete`). False where something is kept.
pub fn discard(git: &Git, run: &RunGit) -> Result<bool, GitError> {
    let inner = run.submodules();
    inner.iter().filter(|inner| inner.checkout.common_dir.exists()).try_for_each(|inner| one(git, inner).map(drop))?;
    Ok(one(git, run)? && inner.is_empty())
}

/// False where something is kept.
fn one(git: &Git, run: &RunGit) -> Result<bool, GitError> {
    remove_folders(&run.folder)?;
    let kept = run.kept();
    let (pins, others): (Vec<RunRef>, Vec<RunRef>) = list(git, &kept, &run.run)?.into_iter().partition(RunRef::is_pin);
    let merged = reached(git, run, &others)?;
    let all = merged.len() == others.len();
    if all {
        crate::git::private::bare::remove(&run.folder, SEEN_TARGETS)?;
    }
    let ends = all && run.has_own_refs() && others.iter().all(|found| found.own != "uncommitted");
    if !ends {
        refs::delete(git, &kept, &names(merged.into_iter().filter(|found| found.own != "uncommitted")))?;
    }
    failpoint::reached(Point::WorkRefsRemoved);
    if ends {
        kept_git::end(git, run)?;
    } else {
        refs::delete(git, &kept, &names(pins.iter()))?;
    }
    failpoint::reached(Point::RefsRemoved);
    Ok(ends)
}

/// Undoes the preparation of a run that never started, also an interrupted one.
pub fn abandon(git: &Git, common_dir: &Path, run: &str, folder: &Path) -> Result<(), GitError> {
    of_submodules(folder)?.iter().try_for_each(|(_, inner)| remove_folders(inner))?;
    remove_folders(folder)?;
    crate::git::private::bare::remove(folder, SEEN_TARGETS)?;
    forget(git, common_dir, run, folder)
}

/// The repositories of a run's submodules that are still there, and what the run has of each. Known from the folder alone:
/// a preparation may have been cut short.
fn of_submodules(folder: &Path) -> Result<Vec<(PathBuf, PathBuf)>, GitError> {
    let modules = folder.join(MODULES);
    let entries = match fs::read_dir(&modules) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(GitError::io("read", &modules))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let inner = entry.map_err(GitError::io("read", &modules))?.path();
        let repository = bare::optional(&inner.join(REPOSITORY_OF))?.map(|path| PathBuf::from(os(&path)));
        found.extend(repository.filter(|path| path.exists()).map(|path| (path, inner)));
    }
    Ok(found)
}

fn remove_folders(folder: &Path) -> Result<(), GitError> {
    remove::folders(&["git", "view", "taken", "empty", "not-taken.git"].map(|name| folder.join(name)))?;
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
    if let Some(found) = written_down(repository, &prefix) {
        return Ok(found);
    }
    let cmd =
        git.in_dir(repository).args(["for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", &prefix]);
    let listing = git.read("list the run's refs", &cmd)?.text();
    Ok(listing.lines().filter_map(|line| parse(line, &prefix)).collect())
}

/// The refs of a run as the files of its repository say them: where it starts is packed. Git knows what those names stand for that may be
/// of tags, and what else is packed.
fn written_down(repository: &Path, prefix: &str) -> Option<Vec<RunRef>> {
    let packed = Packed(bare::optional(&repository.join("packed-refs")).ok()?.unwrap_or_default());
    let start = packed.get(format!("{prefix}{}", kept_git::START).as_bytes());
    if !repository.ends_with(REPOSITORY)
        || memmem::find_iter(&packed.0, prefix.as_bytes()).count() > usize::from(start.is_some())
    {
        return None;
    }
    let mut ids: BTreeMap<String, String> = start.map(|id| (kept_git::START.to_owned(), id)).into_iter().collect();
    let files = match fs::read_dir(repository.join(prefix)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        other => Some(other.ok()?),
    };
    for entry in files.into_iter().flatten() {
        let own = entry.ok()?.file_name().into_string().ok()?;
        let text = fs::read_to_string(repository.join(prefix).join(&own)).ok()?;
        let id = text.strip_suffix('\n').filter(|id| refs::is_id(id.as_bytes()) && !own.ends_with(".lock"))?;
        ids.insert(own, id.to_owned());
    }
    let named = |(own, id): (String, String)| RunRef { name: format!("{prefix}{own}"), own, commit: id.clone(), id };
    Some(ids.into_iter().map(named).collect())
}

fn parse(line: &str, prefix: &str) -> Option<RunRef> {
    let mut words = line.split(' ');
    let (name, id) = (words.next()?, words.next()?);
    let commit = words.next().filter(|peeled| !peeled.is_empty()).unwrap_or(id);
    let own = name.strip_prefix(prefix)?.to_owned();
    Some(RunRef { name: name.to_owned(), own, id: id.to_owned(), commit: commit.to_owned() })
}

/// Where the work of a run is no longer the run's alone: its target, or any ref of a submodule's.
fn elsewhere(git: &Git, run: &RunGit) -> Result<Vec<String>, GitError> {
    let common_dir = &run.checkout.common_dir;
    if run.submodule.is_none() {
        return Ok(refs::commit(git, common_dir, &run.target.reference())?.into_iter().collect());
    }
    Ok(refs::list(git, common_dir, &[])?.into_iter().map(|found| found.id).collect())
}

/// Those whose commits are all elsewhere.
fn reached<'a>(git: &Git, run: &RunGit, refs: &'a [RunRef]) -> Result<Vec<&'a RunRef>, GitError> {
    let common_dir = &run.checkout.common_dir;
    let others = elsewhere(git, run)?;
    if refs.is_empty() || others.is_empty() {
        return Ok(Vec::new());
    }
    let outside = match refs.iter().all(|found| is_known_in(git, run, &found.commit, &others)) {
        true => String::new(),
        false => {
            let mut input: String = refs.iter().map(|found| format!("{}\n", found.commit)).collect();
            input.extend(others.iter().map(|id| format!("^{id}\n")));
            let cmd = git.in_dir(&run.kept()).args(["rev-list", "--ignore-missing", "--stdin"]);
            git.read_with_input("look for unmerged work", &cmd, input.as_bytes())?.text()
        }
    };
    let outside: HashSet<&str> = outside.lines().collect();
    let tags = match refs.iter().any(|found| found.id != found.commit) {
        true => refs::list(git, common_dir, &["refs/tags"])?,
        false => Vec::new(),
    };
    // A tag with a text of its own is more than its commit.
    let is_told = |found: &RunRef| found.id == found.commit || tags.iter().any(|tag| tag.id == found.id);
    Ok(refs.iter().filter(|found| !outside.contains(found.commit.as_str()) && is_told(found)).collect())
}

/// Whether a commit is in the history of one of them, as far as that takes one look at most.
fn is_known_in(git: &Git, run: &RunGit, commit: &str, others: &[String]) -> bool {
    let is_before = |other: &String| refs::is_ancestor(git, &run.checkout.common_dir, commit, other).unwrap_or(false);
    others.iter().any(|other| other == commit)
        || commit == run.base() && others.len() == 1 && others.iter().all(is_before)
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
    of_submodules(folder)?.iter().try_for_each(|(common_dir, inner)| kept_git::remove(common_dir, run, inner))?;
    kept_git::remove(common_dir, run, folder)?;
    // Those of an older bn.
    refs::delete(git, common_dir, &names(list(git, common_dir, run)?.iter()))
}
