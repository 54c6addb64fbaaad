//! Git folders below the top of a worktree: submodules, and repositories that happen to lie there.

use std::ffi::OsStr;
use std::fs::{self, ReadDir};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{GitError, nofollow, path_json};

/// How long a tree is searched.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// So many folders can wait to be searched, and so many be unreadable.
const MOST_FOLDERS: usize = 1_000_000;
/// A `.git` file is one line. Bytes.
pub const FILE_LIMIT: u64 = 64 << 10;

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
    /// Device and inode: while it is masked, nothing in it can change.
    Folder(u64, u64),
    /// A symbolic link and where it leads.
    Link(Vec<u8>),
    /// None of these, or too large to be real.
    Odd,
}

/// What a search found, and where it could not look.
#[derive(Debug, Default)]
pub struct Search {
    pub found: Vec<NestedGit>,
    /// Folders that git takes for a bare repository. Relative to the worktree.
    pub bare: Vec<PathBuf>,
    /// Relative to the worktree.
    pub unread: Vec<PathBuf>,
    /// The tree was too large to be searched to its end.
    pub cut_short: bool,
}

/// Whether folders that their owner closed are opened for the search.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    LeaveAlone,
    Open,
}

/// Finds every nested `.git`. Follows no symbolic link.
pub fn search(worktree: &Path, closed: Closed) -> Result<Search, GitError> {
    let end = Instant::now() + TIME_LIMIT;
    let mut search = Search::default();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        if Instant::now() > end || folders.len() + search.unread.len() > MOST_FOLDERS {
            search.cut_short = true;
            break;
        }
        match list(&worktree.join(&folder), closed) {
            Ok(entries) => search.look(worktree, &folder, entries, &mut folders)?,
            Err(_) => search.unread.push(folder),
        }
    }
    search.found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(search)
}

/// A folder that cannot be listed can still be entered by name, by git for one.
fn list(path: &Path, closed: Closed) -> io::Result<ReadDir> {
    match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && closed == Closed::Open => {
            make_accessible(path)?;
            fs::read_dir(path)
        }
        other => other,
    }
}

/// Gives a folder back to its owner, where the agent has closed it.
pub fn make_accessible(path: &Path) -> io::Result<()> {
    let mode = fs::symlink_metadata(path)?.permissions().mode();
    if mode & 0o700 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o700))
}

impl Search {
    fn look(
        &mut self,
        worktree: &Path,
        folder: &Path,
        entries: ReadDir,
        folders: &mut Vec<PathBuf>,
    ) -> Result<(), GitError> {
        let full = worktree.join(folder);
        let mut marks = 0;
        for entry in entries {
            let entry = entry.map_err(GitError::io("read", &full))?;
            let (name, path) = (entry.file_name(), folder.join(entry.file_name()));
            let is_dir = entry.file_type().map_err(GitError::io("read", &full))?.is_dir();
            marks += usize::from(name == "HEAD" || is_dir && (name == "objects" || name == "refs"));
            // Where names have no case, .GIT is one, too.
            if name.eq_ignore_ascii_case(".git") {
                if !folder.as_os_str().is_empty() || name != OsStr::new(".git") {
                    self.found.push(NestedGit { content: content(&worktree.join(&path))?, path });
                }
            } else if is_dir {
                folders.push(path);
            }
        }
        if marks == 3 {
            self.bare.push(folder.to_owned());
        }
        Ok(())
    }
}

fn content(path: &Path) -> Result<Content, GitError> {
    let meta = fs::symlink_metadata(path).map_err(GitError::io("read", path))?;
    Ok(match meta.file_type() {
        kind if kind.is_dir() => Content::Folder(meta.dev(), meta.ino()),
        kind if kind.is_symlink() => {
            let target = fs::read_link(path).map_err(GitError::io("read", path))?;
            Content::Link(target.as_os_str().as_bytes().to_vec())
        }
        // What cannot be read counts as changed.
        _ => nofollow::read_file(path, FILE_LIMIT).map_or(Content::Odd, Content::File),
    })
}
