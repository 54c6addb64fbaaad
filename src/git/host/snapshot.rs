//! A copy of what the user had not committed, made before an agent gets at it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git::host::checkout::Checkout;
use crate::git::host::git::{os, succeeded};
use crate::git::host::index::depends_on_nothing;
use crate::git::host::index_file::IndexFile;
use crate::git::host::{Git, GitError, refs};
use crate::process::{Begun, Captured, Cmd};
use crate::sanitize;
use crate::untrusted::stamp::Stamp;

/// A larger file is left out of the copy, and said so. Bytes.
const LARGEST_FILE: u64 = 64 << 20;
/// So is what would make the copy larger than this. Bytes.
const LARGEST_COPY: u64 = 512 << 20;
/// Files in a copy.
const MOST_FILES: usize = 20_000;

/// The question which files of a checkout have changes that are in no commit. In a large one git takes its time to answer.
#[must_use]
#[derive(Debug)]
pub struct Asked {
    begun: Begun,
    /// The copy of the index by which was asked.
    copy: Option<Copied>,
}

/// What it takes to ask again where that copy is damaged: nobody waits for the disk to have it.
#[derive(Debug)]
struct Copied {
    path: PathBuf,
    git: Git,
    again: Cmd,
}

/// Asks.
pub fn ask(git: &Git, checkout: &Checkout) -> Result<Asked, GitError> {
    Ok(Asked { begun: git.begin(&status(git.refreshing(&checkout.git_dir, &checkout.worktree)))?, copy: None })
}

/// Asks by our copy of the checkout's index, if there is one. Git keeps in it which folders had nothing that it does not track, by their
/// times in whole seconds: what was listed in the second in which a folder changed could change once more and look the same. So that is
/// written only where the tree `is_settled`, and never into the user's own index.
pub fn ask_by_copy(git: &Git, checkout: &Checkout, is_settled: bool) -> Result<Asked, GitError> {
    let Some(path) = IndexFile::open(checkout)?.and_then(|index| index.copy_of_ours()) else {
        return ask(git, checkout);
    };
    let way = if is_settled { Git::refreshing } else { Git::in_tree };
    let cmd = way(git, &checkout.git_dir, &checkout.worktree).env("GIT_INDEX_FILE", &path);
    let settings = ["core.untrackedCache=true", "core.splitIndex=false", "status.showUntrackedFiles=all"];
    let begun = git.begin(&status(settings.iter().fold(cmd, |cmd, setting| cmd.args(["-c", setting]))))?;
    let again = status(git.refreshing(&checkout.git_dir, &checkout.worktree));
    Ok(Asked { begun, copy: Some(Copied { path, git: git.clone(), again }) })
}

fn status(cmd: Cmd) -> Cmd {
    cmd.args(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all"])
}

impl Asked {
    /// Their paths, relative to the worktree.
    pub fn paths(self) -> Result<Vec<Vec<u8>>, GitError> {
        let mut paths = self.with_repositories()?;
        // What ends in a slash is a repository in the tree, and not this one's.
        paths.retain(|path| !path.ends_with(b"/"));
        Ok(paths)
    }

    fn answer(self) -> Result<Captured, GitError> {
        let answer = self.begun.captured()?;
        match self.copy {
            Some(copy) if !answer.success() => {
                fs::remove_file(&copy.path).map_err(GitError::io("remove", &copy.path))?;
                copy.git.capture(&copy.again)
            }
            _ => Ok(answer),
        }
    }

    /// The same, and repositories that lie in the tree.
    pub fn with_repositories(self) -> Result<Vec<Vec<u8>>, GitError> {
        let listing = succeeded("look for uncommitted files", self.answer()?)?.stdout;
        let paths = listing.split(|&byte| byte == 0).filter_map(|entry| entry.get(3..));
        Ok(paths.filter(|path| !path.is_empty()).map(<[u8]>::to_vec).collect())
    }
}

/// Where a copy goes.
pub struct Copy<'a> {
    /// The commit that is checked out: the copy's first parent.
    pub head: &'a str,
    /// The repository that gets the copy, and the ref in it that names it.
    pub place: Place<'a>,
    /// A folder of ours for files in passing.
    pub scratch: &'a Path,
}

/// A repository, and the name of a ref in it.
type Place<'a> = (&'a Path, &'a str);

/// Saves the files as a commit that `git stash apply` takes. Returns what to tell the user.
pub fn save(git: &Git, checkout: &Checkout, asked: Asked, copy: &Copy<'_>) -> Result<Vec<String>, GitError> {
    let paths = asked.paths()?;
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let count = match paths.len() {
        1 => "1 uncommitted file".to_owned(),
        count => format!("{count} uncommitted files"),
    };
    let mut notes = vec![format!("{count} in {}: the agent sees and can change them", checkout.worktree.display())];
    let (small, large) = by_size(&checkout.worktree, paths);
    match store(git, checkout, copy, &small) {
        Ok(()) => notes.push(format!("a copy of them is kept: {}", to_apply(&checkout.worktree, copy.place))),
        Err(GitError::Failed { reason, .. }) => notes.push(format!("no copy of them could be made: {reason}")),
        Err(other) => return Err(other),
    }
    if !large.is_empty() {
        let shown: Vec<_> = large.iter().take(3).map(|path| sanitize::name(path)).collect();
        notes.push(format!(
            "left out of the copy, which would be too large: {} ({} in all)",
            shown.join(", "),
            large.len()
        ));
    }
    Ok(notes)
}

/// What to type to have such a copy, or another stash, in a worktree.
pub fn to_apply(worktree: &Path, (repository, name): Place<'_>) -> String {
    let git = || Cmd::new("git").arg("-C").arg(worktree);
    let fetch = git().args(["fetch", "--quiet"]).arg(repository).arg(name);
    format!("{fetch} && {}", git().args(["stash", "apply", "FETCH_HEAD"]))
}

/// Those that a copy has room for, and the others.
pub fn by_size(worktree: &Path, paths: Vec<Vec<u8>>) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut total, mut count) = (0, 0);
    paths.into_iter().partition(|path| {
        let size = fs::symlink_metadata(worktree.join(os(path))).map_or(0, |found| found.len());
        let fits = size <= LARGEST_FILE && total + size <= LARGEST_COPY && count < MOST_FILES;
        if fits {
            total += size;
            count += 1;
        }
        fits
    })
}

fn store(git: &Git, checkout: &Checkout, copy: &Copy<'_>, paths: &[Vec<u8>]) -> Result<(), GitError> {
    let (index, (repository, name)) = (copy.scratch.join("snapshot-index"), copy.place);
    let on_index = |cmd: Cmd| {
        cmd.env("GIT_INDEX_FILE", index.as_os_str()).env("GIT_OBJECT_DIRECTORY", repository.join("objects").as_os_str())
    };
    let in_tree = || on_index(git.in_tree(&checkout.git_dir, &checkout.worktree));
    let staged = match copy_index(git, checkout, &index)? {
        Some(_) => index_tree(git, &in_tree)?,
        None => empty_tree(&checkout.object_format).to_owned(),
    };
    let update = in_tree();
    // One by one, thousands of files would take minutes.
    let update = update.args(["-c", "core.fsyncMethod=batch", "update-index", "--add", "--remove", "-z", "--stdin"]);
    git.read_with_input("copy the uncommitted files", &update, &paths.join(&0))?;
    let tree = git.read("copy the uncommitted files", &in_tree().arg("write-tree"))?.text();
    let staged = commit(git, repository, &staged, &[copy.head])?;
    let saved = commit(git, repository, &tree, &[copy.head, &staged])?;
    refs::update(git, repository, name, &saved, None)?;
    fs::remove_file(&index).map_err(GitError::io("remove", &index))
}

fn commit(git: &Git, repository: &Path, tree: &str, parents: &[&str]) -> Result<String, GitError> {
    let mut cmd = git.in_dir(repository).args(["commit-tree", "-m", "uncommitted files before a run", tree]);
    for parent in parents {
        cmd = cmd.args(["-p", parent]);
    }
    for role in ["AUTHOR", "COMMITTER"] {
        cmd = cmd.env(format!("GIT_{role}_NAME"), "binnacle").env(format!("GIT_{role}_EMAIL"), "binnacle@localhost");
    }
    Ok(git.read("copy the uncommitted files", &cmd)?.text())
}

/// The checkout's index as it is now. `None` where it has none.
pub fn index(checkout: &Checkout) -> Result<Option<Stamp>, GitError> {
    Ok(IndexFile::open(checkout)?.map(|index| index.stamp()))
}

/// Whether the checkout's index was seen before.
pub fn is_known(checkout: &Checkout) -> Result<bool, GitError> {
    Ok(IndexFile::open(checkout)?.is_some_and(|index| index.is_known_as_plain()))
}

/// Keeps a copy of the checkout's index for `ask_by_copy`, where that was seen before.
pub fn keep_copy(checkout: &Checkout) -> Result<(), GitError> {
    IndexFile::open(checkout)?.iter().for_each(IndexFile::keep_copy);
    Ok(())
}

/// Copies the checkout's index, so that the copy depends on no other file. Returns which one that was, if it has one.
pub fn copy_index(git: &Git, checkout: &Checkout, to: &Path) -> Result<Option<Stamp>, GitError> {
    let Some(index) = IndexFile::open(checkout)? else { return Ok(None) };
    index.copy(to)?;
    let is_whole = || {
        let text = fs::read(to).map_err(GitError::io("read", to))?;
        Ok::<_, GitError>(depends_on_nothing(&text, checkout.head.len() / 2))
    };
    if index.is_known_as_plain() || is_whole()? {
        return Ok(Some(index.stamp()));
    }
    let cmd = git.in_tree(&checkout.git_dir, &checkout.worktree).env("GIT_INDEX_FILE", to);
    let cmd = cmd.args([
        "-c",
        "core.splitIndex=false",
        "-c",
        "core.untrackedCache=false",
        "-c",
        "core.fsync=none",
        "update-index",
    ]);
    let cmd = cmd.args(["--no-split-index", "--no-untracked-cache", "--no-fsmonitor"]);
    git.read("copy the index", &cmd)?;
    Ok(Some(index.stamp()))
}

/// A tree that holds all that is staged. Where the index has conflicts, a made-up tree of its blobs.
fn index_tree(git: &Git, in_tree: &impl Fn() -> Cmd) -> Result<String, GitError> {
    let whole = git.capture(&in_tree().arg("write-tree"))?;
    if whole.success() {
        return Ok(whole.text());
    }
    let staged = git.read("read the index", &in_tree().args(["ls-files", "--stage", "-z"]))?.stdout;
    let entries =
        staged.split(|&byte| byte == 0).filter(|entry| entry.starts_with(b"100") || entry.starts_with(b"120000"));
    let mut listing = Vec::new();
    for (number, entry) in entries.enumerate() {
        if let Some(id) = entry.split(|&byte| byte == b' ').nth(1) {
            listing.extend([b"100644 blob ", id, format!("\t{number}\0").as_bytes()].concat());
        }
    }
    let cmd = in_tree().args(["mktree", "--missing", "-z"]);
    Ok(git.read_with_input("copy what is staged", &cmd, &listing)?.text())
}

pub fn empty_tree(object_format: &str) -> &'static str {
    match object_format {
        "sha256" => "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
        _ => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    }
}
