//! `--create`: a new worktree on a new branch.

use std::path::{Path, PathBuf};

use crate::git::host::checkout::{Checkout, Layout};
use crate::git::host::created;
use crate::git::host::repository::{self, Repository};
use crate::git::host::{Git, GitError, refs, worktrees};

/// A worktree and a branch that were made for a run.
#[derive(Debug)]
pub struct Added {
    common_dir: PathBuf,
    path: PathBuf,
    branch: String,
}

impl Added {
    /// Takes both back, for a run that never started: nothing but git has been in there.
    pub fn undo(&self, git: &Git) -> Result<(), GitError> {
        let dir = &self.common_dir;
        git.read("remove the new worktree", &git.in_dir(dir).args(["worktree", "remove", "--"]).arg(&self.path))?;
        refs::delete(git, dir, &[format!("refs/heads/{}", self.branch)])
    }
}

/// Adds a worktree at `path` on the new branch, which starts at `start` (a branch).
pub fn add(git: &Git, repository: &Repository, path: &Path, branch: &str, start: &str) -> Result<Added, GitError> {
    refuse(git, repository, path, branch)?;
    let dir = &repository.common_dir;
    let cmd = git.in_dir(dir).args(["worktree", "add", "-q", "--no-track", "-b", branch, "--"]).arg(path);
    git.read(&format!("add a worktree at {}", path.display()), &cmd.arg(format!("refs/heads/{start}")))?;
    let added = |path| Added { common_dir: dir.clone(), path, branch: branch.to_owned() };
    if git.rehearses() {
        return Ok(added(path.to_owned()));
    }
    let path = repository::canonical(path)?;
    created::mark(dir, &path, start)?;
    Ok(added(path))
}

/// What `add` refuses, without git's own words.
fn refuse(git: &Git, repository: &Repository, path: &Path, branch: &str) -> Result<(), GitError> {
    if path.symlink_metadata().is_ok() {
        return Err(GitError::PathExists { path: path.to_owned() });
    }
    let dir = &repository.common_dir;
    let name = format!("refs/heads/{branch}");
    if branch.starts_with('-') || !git.capture(&git.in_dir(dir).args(["check-ref-format", &name]))?.success() {
        return Err(GitError::BranchName { name: branch.to_owned() });
    }
    if refs::commit(git, dir, &name)?.is_none() {
        return Ok(());
    }
    let place = worktrees::list(git, dir)?.into_iter().find(|worktree| worktree.branch.as_ref() == Some(&name));
    let place = place.map(|worktree| worktree.path);
    Err(GitError::BranchExists { name: branch.to_owned(), wanted: path.to_owned(), place })
}

/// The checkout that `add` would make. Nothing of it is there yet.
pub fn would_be(
    git: &Git,
    repository: &Repository,
    path: &Path,
    branch: &str,
    start: &str,
) -> Result<Checkout, GitError> {
    refuse(git, repository, path, branch)?;
    let Repository { common_dir, main_worktree, object_format } = repository.clone();
    let Some(head) = refs::commit(git, &common_dir, &format!("refs/heads/{start}"))? else {
        return Err(GitError::Unborn { path: main_worktree, branch: start.to_owned() });
    };
    let worktree = whole(path);
    let git_dir = common_dir.join("worktrees").join(worktree.file_name().unwrap_or_default());
    let (layout, branch) = (Layout::Linked, Some(branch.to_owned()));
    Ok(Checkout { worktree, git_dir, common_dir, main_worktree, layout, branch, head, object_format })
}

/// The path that a folder will have that is not there: what is above it is there, or will be.
fn whole(path: &Path) -> PathBuf {
    let there =
        path.ancestors().skip(1).find_map(|above| Some((above.canonicalize().ok()?, path.strip_prefix(above).ok()?)));
    there.map_or_else(|| path.to_owned(), |(above, below)| above.join(below))
}
