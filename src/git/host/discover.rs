//! Finding a repository by reading files alone: a `git` started for it would cost more than the rest of the command.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Explain;

#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    #[error("{start} is not in a git repository")]
    NotFound { start: PathBuf },
    #[error("cannot read the git repository at {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} names no git folder")]
    Broken { path: PathBuf },
}

impl Explain for DiscoverError {
    fn hints(&self) -> Vec<String> {
        match self {
            DiscoverError::NotFound { .. } => vec!["cd into a repository, or make one with `git init`".to_owned()],
            DiscoverError::Unreadable { .. } => Vec::new(),
            DiscoverError::Broken { .. } => vec!["run `git worktree repair` in the main checkout".to_owned()],
        }
    }
}

/// Where somebody is in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The checkout, or the repository itself where it is bare.
    pub top: PathBuf,
    /// What the first entry of `git worktree list` names: the same for all checkouts of a repository.
    pub main_worktree: PathBuf,
}

/// The main worktree of the repository that `start` is in.
pub fn main_worktree(start: &Path) -> Result<PathBuf, DiscoverError> {
    place(start).map(|place| place.main_worktree)
}

/// Walks up from `start` as git does.
pub fn place(start: &Path) -> Result<Place, DiscoverError> {
    let unreadable = |path: &Path, source| DiscoverError::Unreadable { path: path.to_owned(), source };
    let start = start.canonicalize().map_err(|source| unreadable(start, source))?;
    for top in start.ancestors() {
        if let Some(git) = git_folder(top)? {
            let common = common_folder(&git).map_err(|source| unreadable(&git, source))?;
            return Ok(Place { top: top.to_owned(), main_worktree: without_dot_git(common) });
        }
    }
    Err(DiscoverError::NotFound { start })
}

/// The folders of a checkout.
pub struct Folders {
    pub top: PathBuf,
    pub git_dir: PathBuf,
    pub common_dir: PathBuf,
}

/// Those of the checkout that `start` is in, as far as files tell.
pub fn folders(start: &Path) -> Option<Folders> {
    let top = place(start).ok()?.top;
    let git_dir = git_folder(&top).ok()??.canonicalize().ok()?;
    let common_dir = common_folder(&git_dir).ok()?;
    Some(Folders { top, git_dir, common_dir })
}

/// The main checkout and all linked ones that are registered, as far as files tell.
pub fn checkouts(place: &Place) -> Vec<PathBuf> {
    let main = &place.main_worktree;
    let common = [main.join(".git"), main.clone()].into_iter().find(|path| is_git_folder(path));
    let entries = common.and_then(|common| fs::read_dir(common.join("worktrees")).ok());
    let linked = entries.into_iter().flatten().flatten().filter_map(|entry| {
        let dot_git = entry.path().join(path_of(&read_path(&entry.path().join("gitdir")).ok()?));
        let path = dot_git.parent()?;
        Some(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
    });
    [place.top.clone(), main.clone()].into_iter().chain(linked).collect()
}

/// The git folder of the checkout at `top`, or `top` itself where it is one.
pub fn git_folder(top: &Path) -> Result<Option<PathBuf>, DiscoverError> {
    let dot_git = top.join(".git");
    match fs::metadata(&dot_git) {
        Ok(found) if found.is_file() => named_by(&dot_git, top).map(Some),
        Ok(_) if is_git_folder(&dot_git) => Ok(Some(dot_git)),
        _ => Ok(is_git_folder(top).then(|| top.to_owned())),
    }
}

/// A linked worktree's or a submodule's `.git` is a file that says `gitdir: PATH`.
fn named_by(dot_git: &Path, top: &Path) -> Result<PathBuf, DiscoverError> {
    let source_error = |source| DiscoverError::Unreadable { path: dot_git.to_owned(), source };
    let text = read_path(dot_git).map_err(source_error)?;
    let named = strip(&text, b"gitdir: ").map(|path| top.join(path));
    named.filter(|git| is_git_folder(git)).ok_or_else(|| DiscoverError::Broken { path: dot_git.to_owned() })
}

fn is_git_folder(path: &Path) -> bool {
    if fs::symlink_metadata(path.join("HEAD")).is_err() {
        return false;
    }
    common_folder(path).is_ok_and(|common| common.join("objects").is_dir() && common.join("refs").is_dir())
}

/// The folder that all worktrees share: `commondir` names it, where it is another.
fn common_folder(git: &Path) -> io::Result<PathBuf> {
    match read_path(&git.join("commondir")) {
        Ok(common) => git.join(path_of(&common)).canonicalize(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => git.canonicalize(),
        Err(error) => Err(error),
    }
}

fn without_dot_git(common: PathBuf) -> PathBuf {
    match (common.file_name(), common.parent()) {
        (Some(name), Some(parent)) if name == ".git" => parent.to_owned(),
        _ => common,
    }
}

/// A path in a file, without the line end.
fn read_path(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = fs::read(file)?;
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(bytes)
}

fn strip<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a Path> {
    bytes.strip_prefix(prefix).map(path_of)
}

fn path_of(bytes: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}
