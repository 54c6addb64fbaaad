//! The mounts by which a container sees parts of the host's git.

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
/// What submodules have of these, in folders with their numbers.
const MODULES: &str = "/run/binnacle/modules";
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
    /// The submodules that the agent has, by their numbers.
    pub submodules: &'a [Submodule],
    /// Folders of submodules without a git folder, relative to the worktree.
    pub uninitialised: &'a [PathBuf],
    /// Submodules that the agent cannot have, relative to the worktree.
    pub closed: &'a [PathBuf],
    /// Sockets in the worktree, relative to it.
    pub sockets: &'a [PathBuf],
}

/// The parts of a submodule's mounts.
pub struct Submodule {
    /// Relative to the worktree.
    pub path: PathBuf,
    pub layout: Layout,
    pub private: PathBuf,
    pub view: PathBuf,
    pub dot_git: PathBuf,
    /// Object folders, and those of Git LFS, and where they are, inside.
    pub objects: Vec<(PathBuf, PathBuf)>,
}

/// Where the private folder and the view of a submodule are, inside, or those of the checkout at the top.
pub fn places(submodule: Option<usize>) -> (PathBuf, PathBuf) {
    let of = |number: usize| Path::new(MODULES).join(number.to_string());
    submodule.map_or_else(|| (PRIVATE.into(), VIEW.into()), |number| (of(number).join("git"), of(number).join("host")))
}

/// Where object folders go that cannot be at their own path: those of a submodule, or of the checkout at the top.
pub fn objects_of(submodule: Option<usize>) -> PathBuf {
    submodule.map_or_else(
        || PathBuf::from("/run/binnacle/objects"),
        |number| Path::new(MODULES).join(number.to_string()).join("objects"),
    )
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
    mounts.extend(parts.submodules.iter().enumerate().flat_map(|(number, inner)| of_submodule(number, inner)));
    // A cover goes with its socket, wherever the folders above it are moved.
    let cover = |socket: &PathBuf| GitMount::read_only(parts.nobody, workspace.join(socket));
    let hidden = |socket: &PathBuf| parts.closed.iter().any(|closed| socket.starts_with(closed));
    mounts.extend(parts.sockets.iter().filter(|socket| !hidden(socket)).map(cover));
    mounts.sort_by_key(|mount| mount.destination.components().count());
    // Repositories may borrow from the same folder.
    let mut seen = BTreeSet::new();
    mounts.retain(|mount| seen.insert(mount.destination.clone()));
    mounts
}

fn of_submodule(number: usize, inner: &Submodule) -> Vec<GitMount> {
    let dot_git = Path::new(WORKSPACE).join(&inner.path).join(".git");
    let (private, view) = places(Some(number));
    let mut mounts = vec![GitMount::read_only(&inner.view, view)];
    match inner.layout {
        Layout::Plain => mounts.push(GitMount::writable(&inner.private, dot_git)),
        Layout::Linked => {
            mounts.push(GitMount::writable(&inner.private, private));
            mounts.push(GitMount::read_only(&inner.dot_git, dot_git));
        }
    }
    mounts.extend(inner.objects.iter().map(|(outside, inside)| GitMount::read_only(outside, inside)));
    mounts
}

/// Nested git folders are out of the agent's hands: each is covered, and the folders above it are mount points, which
/// cannot be moved away.
fn masks(parts: &Parts<'_>) -> Vec<GitMount> {
    let workspace = Path::new(WORKSPACE);
    let hidden = |path: &Path| parts.closed.iter().any(|closed| path.starts_with(closed));
    let nested = || parts.nested.iter().filter(|nested| !hidden(&nested.path));
    let shut = || parts.uninitialised.iter().chain(parts.closed).filter(|path| !path.ancestors().skip(1).any(hidden));
    let above: BTreeSet<&Path> = nested()
        .map(|nested| &nested.path)
        .chain(shut())
        .flat_map(|path| path.ancestors().skip(1))
        .filter(|path| !path.as_os_str().is_empty() && shut().all(|link| link != path))
        .collect();
    let fixed = above.into_iter().map(|path| GitMount::writable(parts.worktree.join(path), workspace.join(path)));
    let is_open = |path: &Path| parts.submodules.iter().any(|inner| path.parent() == Some(&inner.path));
    let covers = nested().filter(|nested| !is_open(&nested.path)).filter_map(|nested| {
        let inside = workspace.join(&nested.path);
        match nested.content {
            Content::File(_) => Some(GitMount::read_only(parts.worktree.join(&nested.path), inside)),
            Content::Folder(..) => Some(GitMount::read_only(parts.empty, inside)),
            Content::Link(_) | Content::Odd => None,
        }
    });
    // Each is what it was, or looks as if nobody had initialised it, and takes nothing new: no git folder for the host's git
    // to go into.
    let shut = shut().map(|path| match parts.closed.contains(path) {
        true => GitMount::read_only(parts.empty, workspace.join(path)),
        false => GitMount::read_only(parts.worktree.join(path), workspace.join(path)),
    });
    fixed.chain(covers).chain(shut).collect()
}

/// Where an object folder of the host appears inside: at its own path, by which other object folders may name it,
/// wherever that is free, and else below `place`.
pub fn inside(objects: &[PathBuf], place: &Path) -> Vec<(PathBuf, PathBuf)> {
    let place = |(number, outside): (usize, &PathBuf)| {
        let inside = match TAKEN.iter().any(|taken| outside.starts_with(taken)) {
            true => place.join(number.to_string()).join("objects"),
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
        let inside: Vec<_> = inside(&objects, &objects_of(None)).into_iter().map(|(_, inside)| inside).collect();
        assert_eq!(inside, ["/srv/a/.git/objects", "/run/binnacle/objects/1/objects"].map(PathBuf::from));
    }

    /// A linked worktree with nothing in it that needs a mount of its own.
    fn plain() -> Parts<'static> {
        Parts {
            worktree: Path::new("/w"),
            layout: Layout::Linked,
            private: Path::new("/p"),
            view: Path::new("/v"),
            dot_git: Path::new("/d"),
            empty: Path::new("/e"),
            objects: &[],
            lfs: &[],
            hooks: None,
            nested: &[],
            submodules: &[],
            uninitialised: &[],
            closed: &[],
            nobody: Path::new("/n"),
            sockets: &[],
        }
    }

    #[test]
    fn a_mask_comes_after_the_folders_above_it() {
        let nested = [NestedGit { path: "a/b/.git".into(), content: Content::File(Vec::new()) }];
        let parts = Parts {
            nested: &nested,
            uninitialised: &["vendor/lib".into()],
            sockets: &["a/b/socket".into()],
            ..plain()
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

    #[test]
    fn submodules_have_git_folders_of_their_own_and_what_is_closed_hides_what_it_holds() {
        let file = |path: &str| NestedGit { path: path.into(), content: Content::File(Vec::new()) };
        let inner = Submodule {
            path: "lib".into(),
            layout: Layout::Linked,
            private: "/p1".into(),
            view: "/v1".into(),
            dot_git: "/d1".into(),
            objects: vec![("/o".into(), "/o".into())],
        };
        let parts = Parts {
            objects: &[("/o".into(), "/o".into())],
            nested: &[file("lib/.git"), file("x/shut/.git"), file("x/shut/in/.git")],
            submodules: &[inner],
            uninitialised: &["x/shut/none".into()],
            closed: &["x/shut".into()],
            ..plain()
        };
        let mounts = all(&parts);
        let lines: Vec<_> = mounts
            .iter()
            .map(|mount| {
                let sign = if mount.read_only { "" } else { " rw" };
                format!("{} {}{sign}", mount.source.display(), mount.destination.display())
            })
            .collect();
        assert_eq!(
            lines,
            [
                "/w /workspace rw",
                "/o /o",
                "/d /workspace/.git",
                "/w/lib /workspace/lib rw",
                "/w/x /workspace/x rw",
                "/v /run/binnacle/host",
                "/p /run/binnacle/git rw",
                "/e /workspace/x/shut",
                "/d1 /workspace/lib/.git",
                "/v1 /run/binnacle/modules/0/host",
                "/p1 /run/binnacle/modules/0/git rw",
            ]
        );
    }
}
