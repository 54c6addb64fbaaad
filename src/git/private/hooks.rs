//! The user's hooks, which run inside, and not by the host's git.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::git::host::checkout::Checkout;
use crate::git::host::config::{self, Config};
use crate::git::host::in_tree::plain;
use crate::git::host::{Git, GitError, worktrees};
use crate::git::private::RunGit;

/// More files of a hooks folder than this are not looked at.
pub const MOST_HOOKS: usize = 1000;

/// Where the user keeps hooks.
#[derive(Debug, PartialEq, Eq)]
pub enum Hooks {
    None,
    /// A folder of the tree, relative to the worktree: the agent has it anyway.
    InTree(PathBuf),
    /// A folder of the host, to be mounted.
    Folder(PathBuf),
}

/// Whether the user's hooks run in the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    Run,
    /// `--no-hooks`: what they call may not be in the image.
    LeftOut,
}

pub fn find(git: &Git, config: &Config, checkout: &Checkout) -> Result<Hooks, GitError> {
    let Some(configured) = config.get("core.hookspath").filter(|path| !path.is_empty()) else {
        return Ok(folder(checkout.common_dir.join("hooks")));
    };
    let path = plain(&checkout.worktree.join(config::path(git, &checkout.git_dir, configured)?));
    Ok(match path.strip_prefix(&checkout.worktree) {
        Ok(inside) if !path.starts_with(&checkout.common_dir) => Hooks::InTree(inside.to_owned()),
        _ => folder(path),
    })
}

/// What the user's hooks are in the checkouts of the repository: folders and files, relative to their tops. A merge
/// brings a change of the agent's to the very file that the user's git runs, be it there by `core.hooksPath` or by a
/// link from the hooks folder.
pub fn in_trees(git: &Git, run: &RunGit) -> Result<Vec<PathBuf>, GitError> {
    let checkout = &run.checkout;
    // The user may have removed the worktree while the agent was at it.
    let cmd = match checkout.worktree.is_dir() && checkout.git_dir.is_dir() {
        true => git.in_tree(&checkout.git_dir, &checkout.worktree),
        false => git.in_dir(&checkout.common_dir),
    };
    let config = Config::read(git, cmd, &checkout.worktree)?;
    let configured = match config.get("core.hookspath").filter(|path| !path.is_empty()) {
        Some(path) => config::path(git, &checkout.git_dir, path)?,
        None => checkout.common_dir.join("hooks"),
    };
    let listed = worktrees::list(git, &checkout.common_dir)?.into_iter().filter(|worktree| !worktree.bare);
    let mut trees: Vec<PathBuf> = listed.filter_map(|worktree| worktree.path.canonicalize().ok()).collect();
    trees.push(checkout.worktree.clone());
    // Most of the time it is the same one for all of them.
    let folders: BTreeSet<PathBuf> = trees.iter().map(|tree| tree.join(&configured)).collect();
    let mut found = BTreeSet::new();
    for folder in folders {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten().take(MOST_HOOKS).map(|entry| entry.path());
        for path in entries.chain([folder.clone()]) {
            let real = path.canonicalize().ok();
            let inside = |path: &Path| {
                let tree = trees.iter().filter(|_| !path.starts_with(&checkout.common_dir));
                tree.filter_map(|tree| Some(path.strip_prefix(tree).ok()?.to_owned())).collect::<Vec<_>>()
            };
            found.extend([Some(plain(&path)), real].iter().flatten().flat_map(|path| inside(path)));
        }
    }
    Ok(found.into_iter().collect())
}

fn folder(path: PathBuf) -> Hooks {
    if has_hooks(&path) { Hooks::Folder(path) } else { Hooks::None }
}

fn has_hooks(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_hook(&entry)))
}

/// Whether git would run it.
pub fn is_hook(entry: &fs::DirEntry) -> bool {
    entry.path().extension().is_none_or(|end| end != "sample")
        && fs::metadata(entry.path()).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Writes bn's own hook for agents without hooks; it says where pushes go.
pub fn write_pre_push(private: &Path, text: &str) -> Result<(), GitError> {
    let path = private.join("hooks/pre-push");
    fs::write(&path, text)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .map_err(GitError::io("write", &path))
}
