//! The checkouts of a repository.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::host::git::os;
use crate::git::host::{Git, GitError, worktree_files};

pub use crate::git::host::worktree_files::Worktree;

/// All checkouts, the main one first.
pub fn list(git: &Git, common_dir: &Path) -> Result<Vec<Worktree>, GitError> {
    worktree_files::read(common_dir).map_or_else(|| list_by_git(git, common_dir), Ok)
}

pub(super) fn list_by_git(git: &Git, common_dir: &Path) -> Result<Vec<Worktree>, GitError> {
    let cmd = git.in_dir(common_dir).args(["worktree", "list", "--porcelain", "-z"]);
    Ok(parse(&git.read("list the worktrees", &cmd)?.stdout))
}

/// The path by which all worktrees of a repository know it.
pub fn main(git: &Git, common_dir: &Path) -> Result<PathBuf, GitError> {
    let first = list(git, common_dir)?.into_iter().next().map(|worktree| worktree.path);
    let first = first.unwrap_or_else(|| common_dir.to_owned());
    // A main worktree can be gone while its repository is not.
    Ok(first.canonicalize().unwrap_or(first))
}

fn parse(listing: &[u8]) -> Vec<Worktree> {
    let mut found: Vec<Worktree> = Vec::new();
    for field in listing.split(|&byte| byte == 0) {
        if let Some(path) = field.strip_prefix(b"worktree ") {
            found.push(Worktree { path: PathBuf::from(os(path)), ..Worktree::default() });
        } else if let Some(worktree) = found.last_mut() {
            let text = |value: &[u8]| Some(String::from_utf8_lossy(value).into_owned());
            if let Some(branch) = field.strip_prefix(b"branch ") {
                worktree.branch = text(branch);
            } else if let Some(head) = field.strip_prefix(b"HEAD ") {
                worktree.head = text(head).filter(|id| id.bytes().any(|byte| byte != b'0'));
            } else {
                worktree.bare |= field == b"bare";
            }
        }
    }
    found
}

/// The git dir of a linked checkout, from the repository's own registration and never from the checkout's `.git`.
pub fn git_dir_of(common_dir: &Path, worktree: &Worktree) -> Result<Option<PathBuf>, GitError> {
    let folder = common_dir.join("worktrees");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(GitError::io("read", &folder))?,
    };
    for entry in entries {
        let git_dir = entry.map_err(GitError::io("read", &folder))?.path();
        // A registration that is just being made or removed has no such file.
        let Ok(link) = fs::read(git_dir.join("gitdir")) else { continue };
        let dot_git = git_dir.join(os(link.strip_suffix(b"\n").unwrap_or(&link)));
        let Some(path) = dot_git.parent() else { continue };
        if path == worktree.path || path.canonicalize().is_ok_and(|path| path == worktree.path) {
            return Ok(Some(git_dir));
        }
    }
    Ok(None)
}

/// An operation of git's that a checkout is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    pub name: &'static str,
    /// What git is given to finish it.
    pub finish: [&'static str; 2],
}

/// What a checkout is in the middle of, for which its branch must stay where it is.
pub fn unfinished(git_dir: &Path) -> Option<Operation> {
    const STATES: &[(&str, &str, [&str; 2])] = &[
        ("rebase-merge", "a rebase", ["rebase", "--continue"]),
        ("rebase-apply", "a rebase or am", ["rebase", "--continue"]),
        ("MERGE_HEAD", "a merge", ["merge", "--continue"]),
        ("CHERRY_PICK_HEAD", "a cherry-pick", ["cherry-pick", "--continue"]),
        ("REVERT_HEAD", "a revert", ["revert", "--continue"]),
        ("BISECT_LOG", "a bisect", ["bisect", "reset"]),
    ];
    let found = STATES.iter().find(|(file, ..)| git_dir.join(file).exists())?;
    Some(Operation { name: found.1, finish: found.2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_whatever_the_paths_hold() {
        let listing = b"worktree /srv/a\nb\0bare\0\0worktree /srv/\xff c\0HEAD 12\0branch refs/heads/x\0locked why\0\0\
            worktree /srv/d\0HEAD 00\0detached\0\0";
        let found = parse(listing);
        assert_eq!(found.len(), 3);
        assert!(found[0].bare);
        assert_eq!(found[0].path, Path::new("/srv/a\nb"));
        assert_eq!(found[1].branch.as_deref(), Some("refs/heads/x"));
        assert_eq!((found[1].head.as_deref(), &found[2].branch, &found[2].head), (Some("12"), &None, &None));
    }
}
