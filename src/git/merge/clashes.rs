//! Which uncommitted files stand in the way of a merge.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::git::host::git::os;
use crate::git::host::{Git, GitError, changes};
use crate::sanitize;

/// So many conflicts are named.
const MOST_NAMED: usize = 20;

/// Paths of the checkout that a merge would overwrite, printable.
pub fn find(git: &Git, (git_dir, tree): (&Path, &Path), from: &str, to: &str) -> Result<Vec<String>, GitError> {
    let in_tree = || git.in_tree(git_dir, tree).args(["-c", "core.trustctime=false"]);
    let paths = |arguments: &[&str]| -> Result<BTreeSet<PathBuf>, GitError> {
        let cmd = in_tree().args(arguments).args(["--name-only", "-z", "--no-renames", "--ignore-submodules=all"]);
        Ok(split(&git.read("look for what is in the way", &cmd)?.stdout))
    };
    let mut dirty = paths(&["diff-index", "--cached", from])?;
    dirty.extend(paths(&["diff-files"])?);
    let tracked = split(&git.read("list the files", &in_tree().args(["ls-files", "-z"]))?.stdout);
    let changed = changes::between(git, git_dir, from, to)?;
    let clashing = changed.iter().filter_map(|change| in_the_way(tree, &change.path, &dirty, &tracked));
    Ok(clashing.map(|path| sanitize::path(&path)).collect())
}

fn split(listing: &[u8]) -> BTreeSet<PathBuf> {
    listing.split(|&byte| byte == 0).filter(|path| !path.is_empty()).map(|path| PathBuf::from(os(path))).collect()
}

/// The path itself where it is dirty or untracked, or the untracked file where it needs a folder.
fn in_the_way(tree: &Path, path: &Path, dirty: &BTreeSet<PathBuf>, tracked: &BTreeSet<PathBuf>) -> Option<PathBuf> {
    if dirty.contains(path) {
        return Some(path.to_owned());
    }
    path.ancestors().filter(|above| !above.as_os_str().is_empty()).find_map(|above| {
        let found = tree.join(above).symlink_metadata().ok()?;
        let blocks = !tracked.contains(above) && (above == path || !found.is_dir());
        blocks.then(|| above.to_owned())
    })
}

/// The files of a checkout that have conflicts, by its index alone. Printable paths.
pub fn unmerged(git: &Git, git_dir: &Path) -> Result<Vec<String>, GitError> {
    let listing = git.read("list the conflicts", &git.in_dir(git_dir).args(["ls-files", "--unmerged", "-z"]))?.stdout;
    let paths = listing.split(|&byte| byte == 0).filter_map(|entry| entry.splitn(2, |&byte| byte == b'\t').nth(1));
    let paths: BTreeSet<String> = paths.map(sanitize::name).collect();
    Ok(paths.into_iter().take(MOST_NAMED).collect())
}
