//! Puts out of the way what the agent left where the user's git would take it for a repository.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};

use super::nested::{self, NestedGit};
use super::prepare::RunGit;
use super::{GitError, nofollow};

const ASIDE: &str = ".git.binnacle";

/// What was moved, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Quarantine {
    /// Relative to the worktree: the new names.
    pub moved: Vec<PathBuf>,
    pub notes: Vec<String>,
}

/// Restores the worktree's own `.git`, and renames every nested one that is new or changed.
pub fn run(run: &RunGit) -> Result<Quarantine, GitError> {
    let mut done = Quarantine::default();
    done.notes.extend(restore_dot_git(run)?);
    let search = nested::search(&run.checkout.worktree)?;
    for found in search.found.iter().filter(|found| !run.nested.contains(found)) {
        done.moved.push(aside(&run.checkout.worktree, &found.path)?);
    }
    done.notes.extend(
        run.nested
            .iter()
            .filter(|before| !still_there(before, &search.found))
            .map(|before| format!("{} is not what it was before the run", before.path.display())),
    );
    for path in &search.unread {
        let path = run.checkout.worktree.join(path);
        done.notes
            .push(format!("{} could not be searched for git folders; look before you use git in it", path.display()));
    }
    Ok(done)
}

fn still_there(before: &NestedGit, now: &[NestedGit]) -> bool {
    now.contains(before)
}

/// The worktree's `.git` as it was before the run, whatever is there now.
fn restore_dot_git(run: &RunGit) -> Result<Option<String>, GitError> {
    let (worktree, Some(text)) = (&run.checkout.worktree, &run.dot_git) else {
        return plain_is_there(&run.checkout.worktree);
    };
    let path = worktree.join(".git");
    if nofollow::read_file(&path, 64 << 10).is_ok_and(|now| now == *text) {
        return Ok(None);
    }
    let present = fs::symlink_metadata(&path).is_ok();
    if present {
        aside(worktree, Path::new(".git"))?;
    }
    super::bare::replace(worktree, ".git", text)?;
    Ok(Some(format!("{} was not what it was before the run, and was restored", path.display())))
}

fn plain_is_there(worktree: &Path) -> Result<Option<String>, GitError> {
    let path = worktree.join(".git");
    let found = fs::symlink_metadata(&path).map_err(GitError::io("find", &path))?;
    match found.is_dir() {
        true => Ok(None),
        false => Err(GitError::Hostile { path, reason: "it is no folder any more".to_owned() }),
    }
}

/// Renames a `.git` to the first free name beside it.
fn aside(worktree: &Path, path: &Path) -> Result<PathBuf, GitError> {
    for number in 0_u32.. {
        let name = if number == 0 { ASIDE.to_owned() } else { format!("{ASIDE}.{number}") };
        let target = path.with_file_name(name);
        match rustix::fs::renameat_with(CWD, worktree.join(path), CWD, worktree.join(&target), RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(target),
            Err(error) if error == rustix::io::Errno::EXIST => {}
            Err(error) => return Err(GitError::io("rename", &worktree.join(path))(io::Error::from(error))),
        }
    }
    Err(GitError::Hostile { path: worktree.join(path), reason: "no name is free beside it".to_owned() })
}
