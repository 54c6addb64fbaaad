//! What lies in a worktree and is in no commit, as a tree in the repository of a look.

use std::path::PathBuf;

use crate::git::collect::look::Look;
use crate::git::host::config::Config;
use crate::git::host::git::{os, refused};
use crate::git::host::{Git, GitError, snapshot};
use crate::git::private::{RunGit, bare, ignored};

/// The files of a worktree.
#[derive(Debug)]
pub struct Lying {
    /// All of them, as git would commit them; the commit itself where they are as in it.
    pub tree: String,
    /// Those that are too large to be looked at.
    pub left_out: Vec<PathBuf>,
}

/// Reads the files as they lie there at this moment. `None` where the worktree is gone.
pub fn read(git: &Git, run: &RunGit, look: &Look) -> Result<Option<Lying>, GitError> {
    let checkout = &run.checkout;
    if !checkout.worktree.is_dir() || !checkout.git_dir.is_dir() {
        return Ok(None);
    }
    // The user's own index knows which files are as they were: only what changed since is read.
    snapshot::copy_index(git, checkout, &look.git_dir().join("index"))?;
    let config = Config::read(git, git.in_tree(&checkout.git_dir, &checkout.worktree), &checkout.worktree)?;
    bare::write(&look.git_dir(), "info/exclude", &ignored::excludes(git, &config, checkout)?)?;
    let in_tree = || look.command_in(git, &checkout.worktree);
    look.read(git, "read the commit", &in_tree().args(["read-tree", "--reset", &look.checked_out]))?;
    let changed = changed(git, run, look)?;
    if changed.is_empty() {
        return Ok(Some(Lying { tree: look.checked_out.clone(), left_out: Vec::new() }));
    }
    let (small, large) = snapshot::by_size(&checkout.worktree, changed);
    let update = in_tree().args(["update-index", "--add", "--remove", "-z", "--stdin"]);
    let answer = look.answer(git, &update, &small.join(&0))?;
    if !answer.success() {
        return Err(refused("read the files in the worktree", &answer));
    }
    let tree = look.read(git, "read the files in the worktree", &in_tree().args(["write-tree", "--missing-ok"]))?;
    let tree = String::from_utf8_lossy(&tree).trim().to_owned();
    Ok(Some(Lying { tree, left_out: large.iter().map(|path| PathBuf::from(os(path))).collect() }))
}

/// The paths of files that differ from their commit, or are in none and not ignored. Repositories in the tree are none.
fn changed(git: &Git, run: &RunGit, look: &Look) -> Result<Vec<Vec<u8>>, GitError> {
    let in_tree = || look.command_in(git, &run.checkout.worktree);
    let known = in_tree().args(["diff-files", "-z", "--name-only", "--no-ext-diff", "--ignore-submodules=all"]);
    let new = in_tree().args(["ls-files", "-z", "--others", "--exclude-standard"]);
    let mut paths = look.read(git, "look for changed files", &known)?;
    paths.extend(look.read(git, "look for new files", &new)?);
    let paths = paths.split(|&byte| byte == 0).filter(|path| !path.is_empty() && !path.ends_with(b"/"));
    Ok(paths.map(<[u8]>::to_vec).collect())
}
