//! Worktrees that `run --create` has made: known by a file in their git folder, which goes with them, and no other worktree has.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git::host::worktrees::{self, Worktree};
use crate::git::host::{Git, GitError, checkout, refs, snapshot};

/// In the worktree's git folder: names the branch that its own one started at.
const MARK: &str = "binnacle-created";

/// A worktree of ours.
#[derive(Clone, Debug)]
pub struct Created {
    pub path: PathBuf,
    pub common_dir: PathBuf,
    git_dir: PathBuf,
    /// refs/heads/…, and what it is at.
    branch: Option<String>,
    /// Where it started, and its work goes.
    target: String,
}

/// Why one has to stay, and what to type to be rid of it.
#[derive(Debug)]
pub struct Holds {
    pub why: String,
    pub way: Option<String>,
}

/// Marks a worktree that was just made.
pub fn mark(common_dir: &Path, path: &Path, target: &str) -> Result<(), GitError> {
    let worktree = Worktree { path: path.to_owned(), ..Worktree::default() };
    let Some(git_dir) = worktrees::git_dir_of(common_dir, &worktree)? else { return Ok(()) };
    let mark = git_dir.join(MARK);
    fs::write(&mark, format!("{target}\n")).map_err(GitError::io("write", &mark))
}

/// Those of a repository that are there.
pub fn all(git: &Git, common_dir: &Path) -> Result<Vec<Created>, GitError> {
    let mut found = Vec::new();
    for worktree in worktrees::list(git, common_dir)? {
        let Some(git_dir) = worktrees::git_dir_of(common_dir, &worktree)? else { continue };
        let Ok(target) = fs::read_to_string(git_dir.join(MARK)) else { continue };
        if worktree.path.is_dir() {
            let (path, target) = (worktree.path, target.trim().to_owned());
            found.push(Created { path, common_dir: common_dir.to_owned(), git_dir, branch: worktree.branch, target });
        }
    }
    Ok(found)
}

impl Created {
    /// What it holds that is nowhere else, or `None` where it can go.
    pub fn holds(&self, git: &Git) -> Result<Option<Holds>, GitError> {
        let keep = |why: String, way: Option<String>| Ok(Some(Holds { why, way }));
        if self.git_dir.join("locked").exists() {
            return keep("it is locked".to_owned(), Some(format!("git worktree unlock {}", self.path.display())));
        }
        if let Some(operation) = worktrees::unfinished(&self.git_dir) {
            return keep(format!("{} goes on in it", operation.name), None);
        }
        if self.git_dir.join("modules").exists() {
            return keep("it has submodules, whose repositories would go with it".to_owned(), None);
        }
        let Some(branch) = &self.branch else {
            return keep("it is on no branch".to_owned(), None);
        };
        let name = branch.trim_start_matches("refs/heads/");
        let tip = refs::commit(git, &self.common_dir, branch)?;
        let target = refs::commit(git, &self.common_dir, &format!("refs/heads/{}", self.target))?;
        let (Some(tip), Some(target)) = (tip, target) else {
            return keep(format!("{name} or {} is gone", self.target), None);
        };
        if branch == &format!("refs/heads/{}", self.target) {
            return keep(format!("it is on {name}"), None);
        }
        if !refs::is_ancestor(git, &self.common_dir, &tip, &target)? {
            let forced = format!("git worktree remove {} && git branch -D {name}", self.path.display());
            return keep(format!("{} does not have {name}", self.target), Some(forced));
        }
        let here = checkout::resolve(git, &self.path)?;
        match snapshot::ask(git, &here)?.with_repositories()?.as_slice() {
            [] => Ok(None),
            [one] => keep(format!("{} is not committed", String::from_utf8_lossy(one)), None),
            [one, more @ ..] => {
                keep(format!("{} and {} more are not committed", String::from_utf8_lossy(one), more.len()), None)
            }
        }
    }

    /// Forgets the worktree, whose files are gone, and its branch, which is part of the target.
    pub fn forget(&self, git: &Git) -> Result<(), GitError> {
        let dir = &self.common_dir;
        let tip = self.branch.as_ref().map(|branch| refs::commit(git, dir, branch)).transpose()?.flatten();
        let remove = git.in_dir(dir).args(["worktree", "remove", "--force", "--"]).arg(&self.path);
        git.read("remove a worktree", &remove)?;
        match (&self.branch, tip) {
            (Some(branch), Some(tip)) => {
                let delete = git.in_dir(dir).args(["update-ref", "-d", branch, &tip]);
                git.read(&format!("delete {branch}"), &delete).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// The branch that goes with it.
    pub fn branch(&self) -> &str {
        self.branch.as_deref().unwrap_or_default().trim_start_matches("refs/heads/")
    }

    pub fn target(&self) -> &str {
        &self.target
    }
}
