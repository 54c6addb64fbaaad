//! Reads files of commits, never of a tree.

use std::path::Path;
use std::time::Duration;

use crate::git::host::checkout::Checkout;
use crate::git::host::git::{os, refused};
use crate::git::host::repository::Repository;
use crate::git::host::{Git, GitError, refs};
use crate::process::Cmd;
use crate::untrusted::nofollow;

/// A larger file is taken for a changed one. Bytes.
const LARGEST_COMPARED: u64 = 1 << 20;
/// How long a file may be looked for.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The largest file that is read. Bytes.
const LIMIT: u64 = 16 << 20;

/// The content of a file in a branch's latest commit; `None` where it has no such regular file.
pub fn file(git: &Git, repository: &Repository, branch: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
    let cmd = look_for(git, &repository.common_dir, branch, path);
    let listing = git.read(&format!("read {path} of {branch}"), &cmd)?.text();
    let Some((id, size)) = regular(&listing, path) else { return Ok(None) };
    if size > LIMIT {
        let reason = format!("it has {size} bytes, more than {LIMIT}");
        return Err(GitError::Failed { what: format!("read {path} of {branch}"), reason });
    }
    let captured = git.capture(&git.in_dir(&repository.common_dir).args(["cat-file", "blob", id]))?;
    match captured.success() {
        true => Ok(Some(captured.stdout)),
        false => Err(refused(&format!("read {path} of {branch}"), &captured)),
    }
}

/// Has git look for a file that `file` will read, where the branch is as files say.
pub fn ask_ahead(git: &Git, common_dir: &Path, branch: &str, path: &str) {
    if refs::written_down(common_dir, &format!("refs/heads/{branch}")).is_some() {
        git.ask_ahead(&look_for(git, common_dir, branch, path));
    }
}

fn look_for(git: &Git, common_dir: &Path, branch: &str, path: &str) -> Cmd {
    let commit = format!("refs/heads/{branch}^{{commit}}");
    git.in_dir(common_dir).args(["ls-tree", "-l", "-z", "--full-tree", &commit, "--", path])
}

/// `MODE blob ID SIZE TAB PATH NUL`
fn regular<'a>(listing: &'a str, path: &str) -> Option<(&'a str, u64)> {
    let (facts, name) = listing.trim_end_matches('\0').split_once('\t')?;
    let words: Vec<&str> = facts.split_whitespace().collect();
    match words.as_slice() {
        [mode, "blob", id, size] if mode.starts_with("100") && name == path => Some((id, size.parse().ok()?)),
        _ => None,
    }
}

/// Whether one of these commits has a file of the worktree with the same content: then it is not left uncommitted.
pub fn is_committed(git: &Git, checkout: &Checkout, commits: [&str; 2], path: &Path) -> Result<bool, GitError> {
    let Ok(now) = nofollow::read_file(&checkout.worktree.join(path), LARGEST_COMPARED) else { return Ok(false) };
    for commit in commits {
        let mut name = os(format!("{commit}:").as_bytes()).to_owned();
        name.push(path);
        let cmd = git.in_dir(&checkout.common_dir).args(["cat-file", "blob"]).arg(name);
        let committed = git.capture_within(&cmd, &[], TIME_LIMIT)?;
        if committed.success() && committed.stdout == now {
            return Ok(true);
        }
    }
    Ok(false)
}
