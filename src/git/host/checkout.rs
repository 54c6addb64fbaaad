//! A checkout that an agent can be given, or the reason why not.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::git::host::config::Config;
use crate::git::host::repository::{self, Place, Repository};
use crate::git::host::worktrees::{Operation, Worktree};
use crate::git::host::{Git, GitError, in_tree, refs, worktrees};
use crate::path_json;

/// How a checkout is tied to its repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// `.git` is a file that names the git dir.
    Linked,
    /// `.git` is the git dir.
    Plain,
}

/// A checkout and the repository behind it, all paths canonical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    #[serde(with = "path_json")]
    pub worktree: PathBuf,
    #[serde(with = "path_json")]
    pub git_dir: PathBuf,
    #[serde(with = "path_json")]
    pub common_dir: PathBuf,
    #[serde(with = "path_json")]
    pub main_worktree: PathBuf,
    pub layout: Layout,
    /// Without refs/heads/; `None` where HEAD is detached.
    pub branch: Option<String>,
    /// Id of the commit.
    pub head: String,
    /// sha1 or sha256.
    pub object_format: String,
}

impl Checkout {
    pub fn repository(&self) -> Repository {
        Repository {
            common_dir: self.common_dir.clone(),
            main_worktree: self.main_worktree.clone(),
            object_format: self.object_format.clone(),
        }
    }

    /// refs/heads/…
    pub fn branch_ref(&self) -> Option<String> {
        self.branch.as_ref().map(|branch| format!("refs/heads/{branch}"))
    }
}

/// The checkout that `path` is, or is in. Everything that would make an agent's run there unsafe, or fail, is an error.
pub fn resolve(git: &Git, path: &Path) -> Result<Checkout, GitError> {
    let folder = repository::existing(path)?;
    let place = repository::place(git, &folder)?;
    if place.bare {
        return Err(GitError::Bare { path: folder });
    }
    if !place.inside_work_tree {
        return Err(GitError::InGitFolder { path: folder });
    }
    let worktree = repository::canonical(&folder.join(&place.above))?;
    let layout = layout(&worktree)?;
    let (branch, head) = head(git, &place, &worktree)?;
    let checkout = Checkout {
        worktree,
        git_dir: place.git_dir,
        common_dir: place.repository.common_dir,
        main_worktree: place.repository.main_worktree,
        layout,
        branch,
        head,
        object_format: place.repository.object_format,
    };
    check(git, &checkout)?;
    Ok(checkout)
}

fn layout(worktree: &Path) -> Result<Layout, GitError> {
    let path = worktree.join(".git");
    let kind = fs::symlink_metadata(&path).map_err(GitError::io("read", &path))?.file_type();
    match (kind.is_dir(), kind.is_file()) {
        (true, _) => Ok(Layout::Plain),
        (_, true) => Ok(Layout::Linked),
        _ => Err(GitError::DotGitLink { path }),
    }
}

/// Branch and commit. A branch without a commit is an error.
fn head(git: &Git, place: &Place, worktree: &Path) -> Result<(Option<String>, String), GitError> {
    let (full, head) = match listed(git, place, worktree)? {
        Some(Worktree { head: Some(head), branch, .. }) => (branch, Some(head)),
        // Git guesses the path of a main checkout whose git dir lies elsewhere.
        _ => (symbolic_head(git, &place.git_dir)?, refs::commit(git, &place.git_dir, "HEAD")?),
    };
    let branch = full.as_deref().map(|name| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned());
    let unborn =
        || GitError::Unborn { path: worktree.to_owned(), branch: branch.clone().unwrap_or_else(|| "HEAD".to_owned()) };
    let head = head.ok_or_else(unborn)?;
    Ok((branch, head))
}

/// What the list of worktrees says of a linked one.
fn listed(git: &Git, place: &Place, worktree: &Path) -> Result<Option<Worktree>, GitError> {
    if place.git_dir == place.repository.common_dir {
        return Ok(None);
    }
    Ok(worktrees::list(git, &place.repository.common_dir)?.into_iter().skip(1).find(|one| one.path == worktree))
}

/// The full name of the branch that a checkout is on; `None` where HEAD is detached.
pub fn symbolic_head(git: &Git, git_dir: &Path) -> Result<Option<String>, GitError> {
    // In a repository whose refs are in tables the file says nothing.
    if let Ok(text) = fs::read_to_string(git_dir.join("HEAD"))
        && let Some(name) = text.strip_prefix("ref: refs/heads/").and_then(|name| name.strip_suffix('\n'))
        && !name.starts_with('.')
    {
        return Ok(Some(format!("refs/heads/{name}")));
    }
    let captured = git.capture(&git.in_dir(git_dir).args(["symbolic-ref", "--quiet", "HEAD"]))?;
    match captured.status.code() {
        Some(0) => Ok(Some(captured.text())),
        Some(1) => Ok(None),
        _ => Err(crate::git::host::git::refused("read HEAD", &captured)),
    }
}

fn check(git: &Git, checkout: &Checkout) -> Result<(), GitError> {
    if let Some(Operation { name: what, .. }) = worktrees::unfinished(&checkout.git_dir) {
        return Err(GitError::Unfinished { path: checkout.worktree.clone(), what });
    }
    let inner = worktrees::list(git, &checkout.common_dir)?.into_iter().find(|other| {
        let path = other.path.canonicalize().unwrap_or_else(|_| other.path.clone());
        path != checkout.worktree && path.starts_with(&checkout.worktree) && !other.bare && path.exists()
    });
    if let Some(other) = inner {
        return Err(GitError::ContainsWorktree { path: checkout.worktree.clone(), other: other.path });
    }
    let config = Config::read(git, git.in_tree(&checkout.git_dir, &checkout.worktree), &checkout.worktree)?;
    if config.get("annex.uuid").is_some() {
        return Err(GitError::Annex { path: checkout.main_worktree.clone() });
    }
    in_tree::refuse(&config, &checkout.worktree, &checkout.common_dir)?;
    in_tree::refuse_needed_filters(git, &config, &checkout.git_dir, &checkout.worktree)
}
