//! `--create`: a new worktree on a new branch.

use std::path::{Path, PathBuf};

use crate::git::host::created;
use crate::git::host::repository::{self, Repository};
use crate::git::host::{Git, GitError, refs};

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
    if path.symlink_metadata().is_ok() {
        return Err(GitError::PathExists { path: path.to_owned() });
    }
    let dir = &repository.common_dir;
    let name = format!("refs/heads/{branch}");
    if branch.starts_with('-') || !git.capture(&git.in_dir(dir).args(["check-ref-format", &name]))?.success() {
        return Err(GitError::BranchName { name: branch.to_owned() });
    }
    if refs::commit(git, dir, &name)?.is_some() {
        return Err(GitError::BranchExists { name: branch.to_owned() });
    }
    let cmd = git.in_dir(dir).args(["worktree", "add", "-q", "--no-track", "-b", branch, "--"]).arg(path);
    git.read(&format!("add a worktree at {}", path.display()), &cmd.arg(format!("refs/heads/{start}")))?;
    let path = repository::canonical(path)?;
    created::mark(dir, &path, start)?;
    Ok(Added { common_dir: dir.clone(), path, branch: branch.to_owned() })
}
