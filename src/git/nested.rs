//! Git folders below the top of a worktree: submodules, and repositories that happen to lie there.

use std::fs::{self, FileType};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{GitError, path_json};

/// How long a tree is searched.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// A `.git` file is one line; of a longer one the start has to do.
const FILE_LIMIT: u64 = 64 << 10;

/// A `.git` below the top, as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NestedGit {
    /// Relative to the worktree, `.git` included.
    #[serde(with = "path_json")]
    pub path: PathBuf,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    File(Vec<u8>),
    /// Device and inode: while masked, nothing in it can change.
    Folder(u64, u64),
    /// A symbolic link and the like.
    Other,
}

/// What a search found, and where it could not look.
#[derive(Debug, Default)]
pub struct Search {
    pub found: Vec<NestedGit>,
    /// Relative to the worktree.
    pub unread: Vec<PathBuf>,
}

/// Finds every nested `.git`. Follows no symbolic link.
pub fn search(worktree: &Path) -> Result<Search, GitError> {
    let end = Instant::now() + TIME_LIMIT;
    let mut search = Search::default();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        if Instant::now() > end {
            search.unread.push(folder);
            break;
        }
        let Ok(entries) = fs::read_dir(worktree.join(&folder)) else {
            search.unread.push(folder);
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(GitError::io("read", &worktree.join(&folder)))?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(GitError::io("read", &worktree.join(&path)))?;
            match entry.file_name() == ".git" {
                true if folder.as_os_str().is_empty() => {}
                true => search.found.push(NestedGit { content: content(&worktree.join(&path), kind)?, path }),
                false if kind.is_dir() => folders.push(path),
                false => {}
            }
        }
    }
    search.found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(search)
}

fn content(path: &Path, kind: FileType) -> Result<Content, GitError> {
    let meta = fs::symlink_metadata(path).map_err(GitError::io("read", path))?;
    if kind.is_dir() {
        return Ok(Content::Folder(meta.dev(), meta.ino()));
    }
    if !kind.is_file() || meta.len() > FILE_LIMIT {
        return Ok(Content::Other);
    }
    // An unreadable one is treated as changed.
    Ok(super::nofollow::read_file(path, FILE_LIMIT).map_or(Content::Other, Content::File))
}
