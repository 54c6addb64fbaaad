//! Which repository a folder belongs to.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::git::host::git::{complaint, path_answer};
use crate::git::host::{Git, GitError, worktrees};
use crate::path_json;

/// A repository as the host knows it, without any one of its checkouts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Holds the objects and refs that all worktrees share.
    #[serde(with = "path_json")]
    pub common_dir: PathBuf,
    /// The first entry of `git worktree list`: a bare repository's own folder where there is no main checkout.
    #[serde(with = "path_json")]
    pub main_worktree: PathBuf,
    /// sha1 or sha256.
    pub object_format: String,
}

/// Where git says a folder belongs.
pub struct Place {
    pub git_dir: PathBuf,
    pub bare: bool,
    pub inside_work_tree: bool,
    pub repository: Repository,
}

/// The repository of a folder, a bare one too.
pub fn resolve(git: &Git, folder: &Path) -> Result<Repository, GitError> {
    place(git, &existing(folder)?).map(|place| place.repository)
}

/// The canonical path of a folder that has to be there.
pub fn existing(folder: &Path) -> Result<PathBuf, GitError> {
    let missing = |source| GitError::NoSuchPath { path: folder.to_owned(), source };
    let path = folder.canonicalize().map_err(missing)?;
    // A file is no worktree, however real it is.
    std::fs::read_dir(&path).map_err(missing)?;
    Ok(path)
}

pub fn place(git: &Git, folder: &Path) -> Result<Place, GitError> {
    let ask = |question: &[&str]| git.capture(&git.discovering(folder).arg("rev-parse").args(question));
    let found = ask(&["--absolute-git-dir"])?;
    if !found.success() {
        return Err(no_repository(folder, complaint(&found)));
    }
    let git_dir = path_answer(&found);
    let common = ask(&["--path-format=absolute", "--git-common-dir"])?;
    let facts = ask(&["--is-bare-repository", "--is-inside-work-tree", "--show-object-format"])?;
    if !common.success() || !facts.success() {
        return Err(no_repository(folder, complaint(if common.success() { &facts } else { &common })));
    }
    let common_dir = canonical(&path_answer(&common))?;
    let facts = facts.text();
    let mut facts = facts.lines();
    let bare = facts.next() == Some("true");
    let inside_work_tree = facts.next() == Some("true");
    let object_format = facts.next().unwrap_or("sha1").to_owned();
    let main_worktree = worktrees::main(git, &common_dir)?;
    Ok(Place {
        git_dir: canonical(&git_dir)?,
        bare,
        inside_work_tree,
        repository: Repository { common_dir, main_worktree, object_format },
    })
}

pub fn canonical(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize().map_err(GitError::io("find", path))
}

/// A folder without a `.git` above it is simply elsewhere; otherwise git's own reason is the better one.
fn no_repository(folder: &Path, reason: String) -> GitError {
    let path = folder.to_owned();
    match folder.ancestors().any(|above| above.join(".git").exists()) {
        true => GitError::Unusable { path, reason },
        false => GitError::NotARepository { path },
    }
}
