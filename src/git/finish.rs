//! The end of a run's git: what goes, and what is kept until its work is somewhere else.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::prepare::{RunGit, prefix};
use super::{Git, GitError, refs, remove};
use crate::failpoint::{self, Point};

/// A ref of a run that holds commits which no branch, tag or remote has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRef {
    pub reference: String,
    pub id: String,
}

/// Removes the private folder and then the pins under which it borrowed. Only after everything in it was collected
/// (`Collected::complete`), or to give up a run that never started.
pub fn discard(git: &Git, run: &RunGit) -> Result<(), GitError> {
    discard_parts(git, &run.checkout.common_dir, &run.run, &run.folder)
}

/// The same for a run whose preparation was cut short, and of which there is no record yet.
pub fn discard_parts(git: &Git, common_dir: &Path, run: &str, folder: &Path) -> Result<(), GitError> {
    for name in ["git", "view", "taken", "empty"] {
        remove::folder(&folder.join(name))?;
    }
    for name in ["dot-git", "start-refs", "snapshot-index"] {
        super::bare::remove(folder, name)?;
    }
    failpoint::reached(Point::PrivateRemoved);
    let prefix = prefix(run);
    let all = refs::list(git, common_dir, &[&prefix])?;
    let pins = |name: &str| name == format!("{prefix}pin") || name.starts_with(&format!("{prefix}pins/"));
    let (pins, others): (Vec<String>, Vec<String>) =
        all.iter().map(|found| String::from_utf8_lossy(&found.name).into_owned()).partition(|name| pins(name));
    refs::delete(git, common_dir, &needless(git, common_dir, others)?)?;
    refs::delete(git, common_dir, &pins)?;
    failpoint::reached(Point::RefsRemoved);
    Ok(())
}

/// The run's refs whose commits are all in some branch, tag or remote by now.
fn needless(git: &Git, common_dir: &Path, names: Vec<String>) -> Result<Vec<String>, GitError> {
    let mut needless = Vec::new();
    for name in names {
        if !adds_commits(git, common_dir, &name)? {
            needless.push(name);
        }
    }
    Ok(needless)
}

fn adds_commits(git: &Git, common_dir: &Path, name: &str) -> Result<bool, GitError> {
    let cmd =
        git.in_dir(common_dir).args(["rev-list", "--max-count=1", name, "--not", "--branches", "--tags", "--remotes"]);
    Ok(!git.read("look for unmerged work", &cmd)?.stdout.is_empty())
}

/// What a run of this name still holds that is nowhere else. The copy of the user's uncommitted files and the pins
/// are not its work.
pub fn unmerged(git: &Git, common_dir: &Path, run: &str) -> Result<Vec<KeptRef>, GitError> {
    let prefix = prefix(run);
    let mut kept = Vec::new();
    for found in refs::list(git, common_dir, &[&prefix])? {
        let reference = String::from_utf8_lossy(&found.name).into_owned();
        let own = reference.strip_prefix(&prefix).unwrap_or_default();
        let work = !matches!(own, "pin" | "old" | "uncommitted") && !own.starts_with("pins/");
        if work && adds_commits(git, common_dir, &reference)? {
            kept.push(KeptRef { reference, id: found.id });
        }
    }
    Ok(kept)
}

/// Deletes every ref of a run, its work too: for `prune`, once the user has said so.
pub fn forget(git: &Git, common_dir: &Path, run: &str) -> Result<(), GitError> {
    let names = refs::list(git, common_dir, &[&prefix(run)])?;
    let names: Vec<String> = names.iter().map(|found| String::from_utf8_lossy(&found.name).into_owned()).collect();
    refs::delete(git, common_dir, &names)
}
