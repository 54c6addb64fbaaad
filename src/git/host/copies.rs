//! Which files of a copy of the user's uncommitted files are in no other place by now.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::git::host::checkout::Checkout;
use crate::git::host::git::os;
use crate::git::host::{Git, GitError, changes, refs};
use crate::process::Cmd;

/// How long the worktree's files may be read.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// No file of a copy is larger. Bytes.
const LARGEST_FILE: u64 = 64 << 20;

/// A path and the id of its content.
type Version = (PathBuf, String);

/// The files of the copy `name` in `repository` whose content is neither in the worktree, staged or not, nor on the branch `target`.
pub fn needed(
    git: &Git,
    checkout: &Checkout,
    (repository, name): (&Path, &str),
    target: &str,
) -> Result<Vec<PathBuf>, GitError> {
    let common = &checkout.common_dir;
    let Some(copy) = refs::commit(git, repository, name)? else { return Ok(Vec::new()) };
    let mut wanted = BTreeSet::new();
    // The second parent is what was staged.
    for tree in [copy.clone(), format!("{copy}^2")] {
        let changed = changes::between(git, repository, &format!("{copy}^1"), &tree)?;
        let files = changed.into_iter().filter(|change| change.mode != 0 && !change.is_submodule());
        wanted.extend(files.map(|change| (change.path, change.id)));
    }
    if refs::commit(git, common, target)?.is_some() {
        let tree = git.in_dir(common).args(["ls-tree", "-r", "-z", "--full-tree", target]);
        drop_found(&mut wanted, listed(git, &tree)?, 2);
    }
    if checkout.git_dir.is_dir() && checkout.worktree.is_dir() {
        let index = git.in_tree(&checkout.git_dir, &checkout.worktree).args(["ls-files", "--stage", "-z"]);
        drop_found(&mut wanted, listed(git, &index)?, 1);
        let there = in_worktree(git, checkout, &wanted)?;
        wanted.retain(|version| !there.contains(version));
    }
    let paths: BTreeSet<PathBuf> = wanted.into_iter().map(|(path, _)| path).collect();
    Ok(paths.into_iter().collect())
}

fn listed(git: &Git, cmd: &Cmd) -> Result<Vec<u8>, GitError> {
    Ok(git.read("look for the user's files", cmd)?.stdout)
}

/// Drops the files that a listing names: `WORD WORD … TAB PATH`, where one word is the id.
fn drop_found(wanted: &mut BTreeSet<Version>, listing: Vec<u8>, id: usize) {
    for entry in listing.split(|&byte| byte == 0) {
        let Some(tab) = entry.iter().position(|&byte| byte == b'\t') else { continue };
        let (facts, path) = entry.split_at(tab);
        let facts = String::from_utf8_lossy(facts).into_owned();
        if let (Some(id), Some(path)) = (facts.split(' ').nth(id), path.get(1..)) {
            wanted.remove(&(PathBuf::from(os(path)), id.to_owned()));
        }
    }
}

/// Those versions that lie in the worktree, as they are: no filter is run.
fn in_worktree(git: &Git, checkout: &Checkout, wanted: &BTreeSet<Version>) -> Result<BTreeSet<Version>, GitError> {
    let is_file = |path: &Path| {
        let found = fs::symlink_metadata(checkout.worktree.join(path));
        found.is_ok_and(|found| found.is_file() && found.len() <= LARGEST_FILE)
            && !path.as_os_str().as_bytes().contains(&b'\n')
    };
    let files: Vec<&Version> = wanted.iter().filter(|(path, _)| is_file(path)).collect();
    if files.is_empty() {
        return Ok(BTreeSet::new());
    }
    let input: Vec<u8> = files.iter().flat_map(|(path, _)| [path.as_os_str().as_bytes(), b"\n"].concat()).collect();
    let cmd = git.in_tree(&checkout.git_dir, &checkout.worktree).args(["hash-object", "--no-filters", "--stdin-paths"]);
    let answer = git.capture_within(&cmd, &input, TIME_LIMIT)?;
    // A file that cannot be read ends the answers: whoever follows counts as gone.
    let text = answer.text();
    Ok(files
        .into_iter()
        .zip(text.lines())
        .filter(|((_, id), now)| id == now)
        .map(|(version, _)| version.clone())
        .collect())
}
