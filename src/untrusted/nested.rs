//! What a run has to know of in a worktree: git folders below its top, which are submodules and repositories that
//! happen to be there, pipes at which git would wait, and sockets.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FileType;
use serde::{Deserialize, Serialize};

use crate::path_json;
use crate::untrusted::nofollow;
use crate::untrusted::tree::{Tree, makes_git_wait};

/// How long a tree is searched.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// So many folders can wait to be searched, and so many be unreadable.
const MOST_FOLDERS: usize = 1_000_000;
/// Of so many sockets it is asked who listens. One more is found, and no other.
pub const MOST_SOCKETS: usize = 10_000;
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
    /// Pipes and the like where git expects a file to read. Relative to the worktree.
    pub pipes: Vec<PathBuf>,
    /// Where programs listen, or did. Relative to the worktree.
    pub sockets: Vec<PathBuf>,
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
pub fn search(tree: &Tree, closed: Closed) -> Search {
    let mut search = Search::default();
    search.below(tree, PathBuf::new(), closed, deadline());
    search
}

/// When a search that starts now has to end.
pub fn deadline() -> Instant {
    Instant::now() + TIME_LIMIT
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
    /// Adds what is in the folder `start`, and below it.
    pub fn below(&mut self, tree: &Tree, start: PathBuf, closed: Closed, end: Instant) {
        let mut folders = vec![start];
        while let Some(folder) = folders.pop() {
            if Instant::now() > end || folders.len() + self.unread.len() > MOST_FOLDERS {
                self.cut_short = true;
                break;
            }
            let looked = self.look(tree, &folder, closed, &mut folders);
            // Whatever the agent made of one folder is no reason to leave the others unsearched.
            if looked.is_err() {
                self.unread.push(folder);
            }
        }
        self.found.sort_by(|one, other| one.path.cmp(&other.path));
    }

    /// A folder that cannot be listed can still be entered by name, by git for one; and one that can be listed need not
    /// let anybody see what is in it.
    fn look(&mut self, tree: &Tree, folder: &Path, closed: Closed, folders: &mut Vec<PathBuf>) -> io::Result<()> {
        if closed == Closed::Open {
            make_accessible(&tree.worktree.join(folder))?;
        }
        let mut marks = 0;
        for entry in tree.names(folder)? {
            let (name, kind) = (entry.as_os_str(), entry.kind);
            let path = || folder.join(name);
            // Git follows a link that stands for one of them.
            let leads = matches!(kind, FileType::Directory | FileType::Symlink);
            marks += usize::from(name == "HEAD" || leads && (name == "objects" || name == "refs"));
            // Where names have no case, .GIT is one, too.
            if name.eq_ignore_ascii_case(".git") {
                let path = path();
                if !folder.as_os_str().is_empty() || name != OsStr::new(".git") {
                    self.found.push(NestedGit { content: content(&tree.worktree.join(&path)), path });
                }
            } else if kind == FileType::Directory {
                folders.push(path());
            } else if makes_git_wait(name, kind) {
                self.pipes.push(path());
            } else if kind == FileType::Socket && self.sockets.len() <= MOST_SOCKETS {
                self.sockets.push(path());
            }
        }
        if marks == 3 {
            self.bare.push(folder.to_owned());
        }
        Ok(())
    }
}

/// What cannot be read counts as changed.
fn content(path: &Path) -> Content {
    let Ok(meta) = fs::symlink_metadata(path) else { return Content::Odd };
    match meta.file_type() {
        kind if kind.is_dir() => Content::Folder(meta.dev(), meta.ino()),
        kind if kind.is_symlink() => {
            fs::read_link(path).map_or(Content::Odd, |target| Content::Link(target.as_os_str().as_bytes().to_vec()))
        }
        _ => nofollow::read_file(path, FILE_LIMIT).map_or(Content::Odd, Content::File),
    }
}
