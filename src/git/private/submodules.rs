//! Submodules of a checkout, and of its submodules: the host's git goes into each of them by itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::git::host::checkout::{self, Checkout};
use crate::git::host::config::Config;
use crate::git::host::git::os;
use crate::git::host::index_file::IndexFile;
use crate::git::host::{Git, GitError, in_tree, index};
use crate::untrusted::nested::{Content, NestedGit};

/// What there is of submodules. Paths are relative to the worktree of the checkout at the top.
#[derive(Debug, Default)]
pub struct Submodules {
    /// Those that an agent gets a git folder for, each after the one that it is in.
    pub open: Vec<(PathBuf, Checkout)>,
    /// Folders without a git folder: none may come there. What is no folder yet can become one.
    pub uninitialised: Vec<PathBuf>,
    /// Those that an agent cannot have, and why.
    pub closed: Vec<(PathBuf, String)>,
}

pub fn find(git: &Git, top: &Checkout, nested: &[NestedGit]) -> Result<Submodules, GitError> {
    let mut found = Submodules::default();
    let mut next = vec![(PathBuf::new(), top.clone())];
    while let Some((above, checkout)) = next.pop() {
        for path in links(git, &checkout)?.into_iter().map(|link| above.join(link)) {
            // Where a link leads elsewhere, git does not go in.
            if !is_plain(&top.worktree, &path) {
                continue;
            }
            // Where names have no case there may be a .GIT instead.
            let Some(dot_git) = nested.iter().find(|nested| nested.path.parent() == Some(&path)) else {
                found.uninitialised.push(path);
                continue;
            };
            match open(git, top, &found, &path, dot_git) {
                Ok(inner) => {
                    found.open.push((path.clone(), inner.clone()));
                    next.push((path, inner));
                }
                Err(error @ (GitError::ProgramInTree { .. } | GitError::ConfigInTree { .. })) => return Err(error),
                Err(error) => found.closed.push((path, error.to_string())),
            }
        }
    }
    Ok(found)
}

/// The checkout that a submodule is. Whatever of its git folder the agent could write is an error of the whole run: a
/// `git status` of the user's would obey it.
fn open(git: &Git, top: &Checkout, found: &Submodules, path: &Path, dot_git: &NestedGit) -> Result<Checkout, GitError> {
    let worktree = top.worktree.join(path);
    for folder in places(&worktree, dot_git) {
        out_of_reach(top, found, &worktree, &folder)?;
    }
    let inner = checkout::resolve(git, &worktree)?;
    if inner.worktree != worktree {
        return Err(GitError::NotARepository { path: worktree });
    }
    out_of_reach(top, found, &worktree, &inner.common_dir)?;
    let config = Config::read(git, git.in_tree(&inner.git_dir, &worktree), &worktree)?;
    in_tree::refuse(&config, &top.worktree, &inner.common_dir).map(|()| inner)
}

/// Where a `.git` leads, whether there is anything or not.
fn places(worktree: &Path, dot_git: &NestedGit) -> Vec<PathBuf> {
    let named = match &dot_git.content {
        Content::File(text) => text.trim_ascii_end().strip_prefix(b"gitdir: ").map(|path| worktree.join(os(path))),
        Content::Link(target) => Some(worktree.join(os(target))),
        Content::Folder(..) | Content::Odd => None,
    };
    let real = named.as_ref().and_then(|path| path.canonicalize().ok());
    named.iter().map(|path| in_tree::plain(path)).chain(real).collect()
}

/// Those git folders in the tree that are covered are out of the agent's hands.
fn out_of_reach(top: &Checkout, found: &Submodules, worktree: &Path, folder: &Path) -> Result<(), GitError> {
    let own = worktree.join(".git");
    let mut covered = [&top.common_dir, &own].into_iter().chain(found.open.iter().map(|(_, inner)| &inner.common_dir));
    match folder.starts_with(&top.worktree) && !covered.any(|covered| folder.starts_with(covered)) {
        true => Err(GitError::ConfigInTree { file: folder.join("config") }),
        false => Ok(()),
    }
}

/// The links to other repositories in the index, relative to the checkout.
fn links(git: &Git, checkout: &Checkout) -> Result<BTreeSet<PathBuf>, GitError> {
    let Some(file) = IndexFile::open(checkout)?.filter(|file| !file.is_known_as_plain()) else {
        return Ok(BTreeSet::new());
    };
    let (text, id_length) = (file.text()?, checkout.head.len() / 2);
    if let Some(links) = index::links(&text, id_length) {
        if links.is_empty() && index::depends_on_nothing(&text, id_length) && !git.rehearses() {
            file.remember_as_plain();
        }
        return Ok(links.into_iter().collect());
    }
    let cmd = git.in_tree(&checkout.git_dir, &checkout.worktree).args(["ls-files", "--stage", "-z"]);
    let listing = git.read("list the submodules", &cmd)?.stdout;
    Ok(listing.split(|&byte| byte == 0).filter_map(parse).collect())
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
