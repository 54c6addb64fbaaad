//! The files that lie in a worktree, whether git knows them or not, and what they looked like.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FileType;
use serde::{Deserialize, Serialize};

use crate::path_json;
use crate::untrusted::entries;

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

/// Finds all files, links and the like for which `wanted` holds, git folders left aside. Follows no link; opens no file.
/// The second value says whether the tree was looked through to its end.
pub fn find(worktree: &Path, mut wanted: impl FnMut(&Path) -> bool) -> (Vec<LooseFile>, bool) {
    let end = Instant::now() + TIME_LIMIT;
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        if Instant::now() > end || found.len() > MOST_FILES {
            return (found, false);
        }
        // What its owner cannot read, the user's programs cannot read either.
        look(worktree, &folder, &mut wanted, &mut found, &mut folders).ok();
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    (found, true)
}

fn look(
    worktree: &Path,
    folder: &Path,
    wanted: &mut impl FnMut(&Path) -> bool,
    found: &mut Vec<LooseFile>,
    folders: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let mut path = folder.to_owned();
    entries::each(&worktree.join(folder), |entry| {
        if entry.name == ".git" || entry.name.as_bytes().starts_with(b".git.binnacle") {
            return Ok(());
        }
        path.push(entry.name);
        if entry.kind == FileType::Directory {
            folders.push(path.clone());
        } else if wanted(&path)
            // One that has gone meanwhile is no reason to leave the others out.
            && let Ok(meta) = entry.metadata()
        {
            found.push(LooseFile { path: path.clone(), inode: meta.ino(), changed: (meta.ctime(), meta.ctime_nsec()) });
        }
        path.pop();
        Ok(())
    })
}
