//! Submodules that nobody has initialised: a folder of that name is all there is, and the host's git goes in as soon as it has a `.git`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git::host::checkout::Checkout;
use crate::git::host::git::os;
use crate::git::host::{Git, GitError};
use crate::untrusted::nested::NestedGit;

/// Their folders, relative to the worktree. What is no folder yet can become one; where a link leads elsewhere, git does not go in.
pub fn uninitialised(git: &Git, checkout: &Checkout, nested: &[NestedGit]) -> Result<Vec<PathBuf>, GitError> {
    let cmd = git.in_tree(&checkout.git_dir, &checkout.worktree).args(["ls-files", "--stage", "-z"]);
    let listing = git.read("list the submodules", &cmd)?.stdout;
    let has_git = |path: &Path| nested.iter().any(|nested| nested.path.parent() == Some(path));
    let links = listing.split(|&byte| byte == 0).filter_map(parse).filter(|path| !has_git(path));
    Ok(links.filter(|path| is_plain(&checkout.worktree, path)).collect())
}

/// `160000 ID STAGE TAB PATH`
fn parse(entry: &[u8]) -> Option<PathBuf> {
    let tab = entry.iter().position(|&byte| byte == b'\t')?;
    entry.starts_with(b"160000 ").then(|| PathBuf::from(os(entry.get(tab + 1..).unwrap_or_default())))
}

/// Folders all the way, as far as there is anything.
fn is_plain(worktree: &Path, path: &Path) -> bool {
    let mut ways = path.ancestors().filter(|path| !path.as_os_str().is_empty());
    ways.all(|path| fs::symlink_metadata(worktree.join(path)).map_or(true, |found| found.is_dir()))
}

/// Makes those that are not there, so that they can be covered.
pub fn make(worktree: &Path, links: &[PathBuf]) -> Result<(), GitError> {
    links
        .iter()
        .map(|path| worktree.join(path))
        .try_for_each(|path| fs::create_dir_all(&path).map_err(GitError::io("make", &path)))
}
