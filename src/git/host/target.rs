//! The branch that finished work goes to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::git::host::config::Config;
use crate::git::host::repository::Repository;
use crate::git::host::{Git, GitError, checkout, refs, worktrees};

/// The branch to merge into, without refs/heads/.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub branch: String,
    /// Said aloud where the branch was not named and is not `main`.
    #[serde(skip)]
    pub note: Option<String>,
    /// The repository's main checkout, where that has the branch and the agent works in another.
    #[serde(default)]
    pub checkout: Option<PathBuf>,
}

impl Target {
    pub fn reference(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }
}

/// `wanted`, else `main`, else the repository's default branch.
pub fn resolve(git: &Git, repository: &Repository, wanted: Option<&str>) -> Result<Target, GitError> {
    if let Some(wanted) = wanted {
        let branch = wanted.strip_prefix("refs/heads/").unwrap_or(wanted).to_owned();
        return match exists(git, repository, &branch)? {
            true => Ok(Target { branch, note: None, checkout: None }),
            false => Err(GitError::NoBranch { wanted: branch, branches: branches(git, repository)? }),
        };
    }
    if exists(git, repository, "main")? {
        return Ok(Target { branch: "main".to_owned(), note: None, checkout: None });
    }
    let branches = branches(git, repository)?;
    let exists = |name: &str| branches.iter().any(|branch| branch == name);
    let (branch, why) = default_branch(git, repository, &exists)?.ok_or(GitError::NoTarget)?;
    let note = Some(format!("there is no branch main; the work goes to {branch}, {why}"));
    Ok(Target { branch, note, checkout: None })
}

fn exists(git: &Git, repository: &Repository, branch: &str) -> Result<bool, GitError> {
    Ok(tip(git, repository, branch)?.is_some())
}

/// The id that a branch is at; `None` where there is no such branch.
pub fn tip(git: &Git, repository: &Repository, branch: &str) -> Result<Option<String>, GitError> {
    let name = format!("refs/heads/{branch}");
    if let Some(id) = refs::written_down(&repository.common_dir, &name) {
        return Ok(Some(id));
    }
    let cmd =
        git.in_dir(&repository.common_dir).args(["for-each-ref", "--count=1", "--format=%(objectname) %(refname)"]);
    let found = git.read("look for a branch", &cmd.arg(&name))?.text();
    // Below the name there may be others.
    Ok(found.split_once(' ').filter(|(_, found)| *found == name).map(|(id, _)| id.to_owned()))
}

pub fn branches(git: &Git, repository: &Repository) -> Result<Vec<String>, GitError> {
    let cmd = git.in_dir(&repository.common_dir).args(["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"]);
    Ok(git.read("list the branches", &cmd)?.text().lines().map(str::to_owned).collect())
}

/// The default branch and where it is said to be one.
fn default_branch(
    git: &Git,
    repository: &Repository,
    exists: &dyn Fn(&str) -> bool,
) -> Result<Option<(String, &'static str)>, GitError> {
    let cmd = git.in_dir(&repository.common_dir).args(["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"]);
    let origin = git.capture(&cmd)?.text();
    let origin = origin.strip_prefix("refs/remotes/origin/").map(str::to_owned);
    let config = Config::read(git, git.in_dir(&repository.common_dir), &repository.common_dir)?;
    let configured = config.get("init.defaultbranch").map(str::to_owned);
    let checked_out = checkout::symbolic_head(git, &repository.common_dir)?
        .or(worktrees::list(git, &repository.common_dir)?.into_iter().find_map(|worktree| worktree.branch))
        .and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned));
    let candidates = [
        (origin, "the default branch of origin"),
        (configured, "which init.defaultBranch names"),
        (Some("master".to_owned()), "the old default name"),
        (checked_out, "which the main worktree has"),
    ];
    Ok(candidates.into_iter().find_map(|(name, why)| name.filter(|name| exists(name)).map(|name| (name, why))))
}
