//! The user's hooks, which run inside, and not by the host's git.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::checkout::Checkout;
use super::config::Config;
use super::host::path_answer;
use super::{Git, GitError};

/// Where the user keeps hooks.
#[derive(Debug, PartialEq, Eq)]
pub enum Hooks {
    None,
    /// A folder of the tree, relative to the worktree: the agent has it anyway.
    InTree(PathBuf),
    /// A folder of the host, to be mounted.
    Folder(PathBuf),
}

pub fn find(git: &Git, config: &Config, checkout: &Checkout) -> Result<Hooks, GitError> {
    let Some(configured) = config.get("core.hookspath").filter(|path| !path.is_empty()) else {
        return Ok(folder(checkout.common_dir.join("hooks")));
    };
    let path = checkout.worktree.join(expanded(git, checkout, configured)?);
    Ok(match path.strip_prefix(&checkout.worktree) {
        Ok(inside) if !path.starts_with(&checkout.common_dir) => Hooks::InTree(inside.to_owned()),
        _ => folder(path),
    })
}

/// `~` as git reads it. Git itself is asked; its own answer for this key would be the one that `bn` gives it.
fn expanded(git: &Git, checkout: &Checkout, path: &str) -> Result<PathBuf, GitError> {
    if !path.starts_with('~') {
        return Ok(PathBuf::from(path));
    }
    let cmd =
        git.in_dir(&checkout.git_dir).args(["config", "--type=path", "--default", path, "--get", "binnacle.unset"]);
    Ok(path_answer(&git.read("find the hooks", &cmd)?))
}

fn folder(path: PathBuf) -> Hooks {
    if has_hooks(&path) { Hooks::Folder(path) } else { Hooks::None }
}

fn has_hooks(folder: &Path) -> bool {
    let runs = |entry: fs::DirEntry| {
        entry.path().extension().is_none_or(|end| end != "sample")
            && fs::metadata(entry.path()).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(runs))
}

/// A hook of ours for agents without hooks: it says where pushes go.
pub fn write_pre_push(private: &Path) -> Result<(), GitError> {
    let path = private.join("hooks/pre-push");
    let text = "#!/bin/sh\necho 'nothing to push: your commits are taken over when you are done' >&2\nexit 1\n";
    fs::write(&path, text)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .map_err(GitError::io("write", &path))
}
