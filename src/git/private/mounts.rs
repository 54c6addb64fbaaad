//! What of the host's git a container gets to see.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::git::host::checkout::Layout;
use crate::untrusted::nested::{Content, NestedGit};

/// The agent's checkout, inside.
pub const WORKSPACE: &str = "/workspace";
/// The private git folder, inside, where `.git` is a file.
pub const PRIVATE: &str = "/run/binnacle/git";
/// The view, inside.
pub const VIEW: &str = "/run/binnacle/host";
/// The user's hooks, inside.
pub const HOOKS: &str = "/run/binnacle/hooks";

/// Where the container has folders of its own, in which no path of the host can be made.
const TAKEN: &[&str] = &[WORKSPACE, "/run/binnacle", "/binnacle", "/proc", "/sys", "/dev"];

/// A folder or file of the host, bound into the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitMount {
    pub source: PathBuf,
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
    /// An empty file of ours.
    pub nobody: &'a Path,
    /// Object folders of the host, and where they are, inside.
    pub objects: &'a [(PathBuf, PathBuf)],
    /// The same for objects of Git LFS.
    pub lfs: &'a [(PathBuf, PathBuf)],
    pub hooks: Option<&'a Path>,
    pub nested: &'a [NestedGit],
    /// Folders of submodules without a git folder, relative to the worktree.
    pub gitlinks: &'a [PathBuf],
    /// Sockets in the worktree, relative to it.
    pub sockets: &'a [PathBuf],
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
    mounts.extend(parts.objects.iter().chain(parts.lfs).map(|(outside, inside)| GitMount::read_only(outside, inside)));
    mounts.extend(parts.hooks.map(|hooks| GitMount::read_only(hooks, HOOKS)));
    mounts.extend(masks(parts));
    // A cover goes with its socket, wherever the folders above it are moved.
    let cover = |socket: &PathBuf| GitMount::read_only(parts.nobody, workspace.join(socket));
    mounts.extend(parts.sockets.iter().map(cover));
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
        .map(|nested| &nested.path)
        .chain(parts.gitlinks)
        .flat_map(|path| path.ancestors().skip(1))
        .filter(|path| !path.as_os_str().is_empty() && parts.gitlinks.iter().all(|link| link != path))
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
    // Each is what it was, and takes nothing new: no git folder for the host's git to go into.
    let closed = parts.gitlinks.iter().map(|path| GitMount::read_only(parts.worktree.join(path), workspace.join(path)));
    fixed.chain(covers).chain(closed).collect()
}

/// Where an object folder of the host appears inside: at its own path, by which other object folders may name it,
/// wherever that is free.
pub fn inside(objects: &[PathBuf]) -> Vec<(PathBuf, PathBuf)> {
    let place = |(number, outside): (usize, &PathBuf)| {
        let inside = match TAKEN.iter().any(|taken| outside.starts_with(taken)) {
            true => PathBuf::from(format!("/run/binnacle/objects/{number}/objects")),
            false => outside.clone(),
        };
        (outside.clone(), inside)
    };
    objects.iter().enumerate().map(place).collect()
}

/// The folders of Git LFS beside these object folders, `own` for the first. Inside, Git LFS looks beside what it borrows from.
pub fn lfs(own: &Path, objects: &[(PathBuf, PathBuf)]) -> Vec<(PathBuf, PathBuf)> {
    let beside = |folder: &Path| folder.with_file_name("lfs").join("objects");
    let stores = objects.iter().enumerate().map(|(number, (outside, inside))| {
        let outside = if number == 0 { own.to_owned() } else { beside(outside) };
        (outside, beside(inside))
    });
    stores.filter_map(|(outside, inside)| Some((outside.canonicalize().ok()?, inside))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_folders_keep_their_paths_except_where_the_container_has_its_own() {
        let objects = ["/srv/a/.git/objects", "/workspace/a/.git/objects"].map(PathBuf::from);
        let inside: Vec<_> = inside(&objects).into_iter().map(|(_, inside)| inside).collect();
        assert_eq!(inside, ["/srv/a/.git/objects", "/run/binnacle/objects/1/objects"].map(PathBuf::from));
    }

    #[test]
    fn a_mask_comes_after_the_folders_above_it() {
        let nested = [NestedGit { path: "a/b/.git".into(), content: Content::File(Vec::new()) }];
        let parts = Parts {
            worktree: Path::new("/w"),
            layout: Layout::Linked,
            private: Path::new("/p"),
            view: Path::new("/v"),
            dot_git: Path::new("/d"),
            empty: Path::new("/e"),
            objects: &[],
            lfs: &[],
            hooks: None,
            nested: &nested,
            gitlinks: &["vendor/lib".into()],
            nobody: Path::new("/n"),
            sockets: &["a/b/socket".into()],
        };
        let mounts = all(&parts);
        let destinations: Vec<_> = mounts.iter().map(|mount| mount.destination.to_string_lossy()).collect();
        assert_eq!(
            destinations,
            [
                "/workspace",
                "/workspace/.git",
                "/workspace/a",
                "/workspace/vendor",
                "/run/binnacle/host",
                "/run/binnacle/git",
                "/workspace/a/b",
                "/workspace/vendor/lib",
                "/workspace/a/b/.git",
                "/workspace/a/b/socket",
            ]
        );
        assert!(mounts.iter().rev().take(2).all(|mount| mount.read_only));
    }
}
