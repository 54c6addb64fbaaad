//! The files that lie in a worktree, whether git knows them or not, and what they looked like.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FileType;
use serde::{Deserialize, Serialize};

use crate::path_json;
use crate::untrusted::tree::Tree;

/// How long a tree is looked through.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// So many files are remembered.
const MOST_FILES: usize = 10_000;

/// A file that somebody wants to know of. The agent can write a file, and not when it did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LooseFile {
    /// Relative to the worktree.
    #[serde(with = "path_json")]
    pub path: PathBuf,
    inode: u64,
    changed: (i64, i64),
}

/// Finds all files, links and the like for which `wanted` holds, git folders left aside: among those that the tree is asked for, and
/// among all in the folders of which `listed` is true. Follows no link; opens no file.
/// The second value says whether the tree was looked through to its end.
pub fn find(
    tree: &Tree,
    listed: impl Fn(&Path) -> bool,
    mut wanted: impl FnMut(&Path) -> bool,
) -> (Vec<LooseFile>, bool) {
    let end = Instant::now() + TIME_LIMIT;
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        if Instant::now() > end || found.len() > MOST_FILES {
            return (found, false);
        }
        let names = if listed(&folder) { tree.all_names(&folder) } else { tree.names(&folder) };
        // What its owner cannot read, the user's programs cannot read either.
        for name in names.unwrap_or_default() {
            let path = folder.join(name.as_os_str());
            if name.as_os_str() == ".git" || name.as_os_str().as_bytes().starts_with(b".git.binnacle") {
                continue;
            }
            if name.kind == FileType::Directory {
                folders.push(path);
            } else if wanted(&path)
                // One that has gone meanwhile is no reason to leave the others out.
                && let Ok(meta) = fs::symlink_metadata(tree.worktree.join(&path))
            {
                found.push(LooseFile { path, inode: meta.ino(), changed: (meta.ctime(), meta.ctime_nsec()) });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    (found, true)
}
