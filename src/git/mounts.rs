//! What of the host's git a container gets to see.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkout::Layout;
use super::nested::{Content, NestedGit};
use super::path_json;

/// The agent's checkout, inside.
pub const WORKSPACE: &str = "/workspace";
/// The private git folder, inside, where `.git` is a file.
pub const PRIVATE: &str = "/run/binnacle/git";
/// The view, inside.
pub const VIEW: &str = "/run/binnacle/host";
/// The user's hooks, inside.
pub const HOOKS: &str = "/run/binnacle/hooks";

/// A folder or file of the host, bound into the container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitMount {
    #[serde(with = "path_json")]
    pub source: PathBuf,
    #[serde(with = "path_json")]
    pub destination: PathBuf,
    pub read_only: bool,
}

impl GitMount {
    fn writable(source: impl Into<PathBuf>, destination: impl Into<PathBuf>) -> Self {
        Self { source: source.into(), destination: destination.into(), read_only: false }
    }

    fn read_only(source: impl Into<PathBuf>, destination: impl Into<PathBuf>) -> Self {
        Self { read_only: true, ..Self::writable(source, destination) }
    }
}

/// What the mounts are made of.
pub struct Parts<'a> {
    pub worktree: &'a Path,
    pub layout: Layout,
    pub private: &'a Path,
    pub view: &'a Path,
    /// A file of ours that says where the private folder is, inside.
    pub dot_git: &'a Path,
    /// An empty folder of ours.
    pub empty: &'a Path,
    /// Object folders of the host, and where they are, inside.
    pub objects: &'a [(PathBuf, PathBuf)],
    pub hooks: Option<&'a Path>,
    pub nested: &'a [NestedGit],
}

/// All of git's mounts, shallow destinations first.
pub fn all(parts: &Parts<'_>) -> Vec<GitMount> {
    let workspace = Path::new(WORKSPACE);
    let mut mounts = vec![GitMount::writable(parts.worktree, workspace), GitMount::read_only(parts.view, VIEW)];
    match parts.layout {
        Layout::Plain => mounts.push(GitMount::writable(parts.private, workspace.join(".git"))),
        Layout::Linked => {
            mounts.push(GitMount::writable(parts.private, PRIVATE));
            mounts.push(GitMount::read_only(parts.dot_git, workspace.join(".git")));
        }
    }
    mounts.extend(parts.objects.iter().map(|(outside, inside)| GitMount::read_only(outside, inside)));
    mounts.extend(parts.hooks.map(|hooks| GitMount::read_only(hooks, HOOKS)));
    mounts.extend(masks(parts));
    mounts.sort_by_key(|mount| mount.destination.components().count());
    mounts
}

/// Nested git folders are out of the agent's hands: each is covered, and the folders above it are mount points, which
/// cannot be moved away.
fn masks(parts: &Parts<'_>) -> Vec<GitMount> {
    let workspace = Path::new(WORKSPACE);
    let above: BTreeSet<&Path> = parts
        .nested
        .iter()
        .flat_map(|nested| nested.path.ancestors().skip(1))
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    let fixed = above.into_iter().map(|path| GitMount::writable(parts.worktree.join(path), workspace.join(path)));
    let covers = parts.nested.iter().filter_map(|nested| {
        let inside = workspace.join(&nested.path);
        match nested.content {
            Content::File(_) => Some(GitMount::read_only(parts.worktree.join(&nested.path), inside)),
            Content::Folder(..) => Some(GitMount::read_only(parts.empty, inside)),
            Content::Link(_) | Content::Odd => None,
        }
    });
    fixed.chain(covers).collect()
}

/// Where an object folder of the host appears inside: at its own path, by which other object folders may name it,
/// unless that is part of the workspace.
pub fn inside(objects: &[PathBuf]) -> Vec<(PathBuf, PathBuf)> {
    let place = |(number, outside): (usize, &PathBuf)| {
        let inside = match outside.starts_with(WORKSPACE) {
            true => PathBuf::from(format!("/run/binnacle/objects/{number}")),
            false => outside.clone(),
        };
        (outside.clone(), inside)
    };
    objects.iter().enumerate().map(place).collect()
}
