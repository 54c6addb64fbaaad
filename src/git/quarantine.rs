//! Puts out of the way what the agent left where the user's git would take it for a repository.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use super::nested::{self, Closed, Search};
use super::printable::printable_path;
use super::run_git::RunGit;
use super::{GitError, nofollow};
use crate::failpoint::{self, Point};

const ASIDE: &str = ".git.binnacle";

/// So many unreadable folders are named.
const MOST_NAMED: usize = 10;

/// What was moved, and what to tell the user.
#[derive(Debug, Default)]
pub struct Quarantine {
    /// Relative to the worktree: the new names.
    pub moved: Vec<PathBuf>,
    pub notes: Vec<String>,
    /// Reasons not to merge without having been asked.
    pub holds: Vec<String>,
}

/// Restores the worktree's own `.git`, and renames every nested one that is new or changed.
pub fn run(run: &RunGit) -> Result<Quarantine, GitError> {
    let worktree = &run.checkout.worktree;
    if fs::symlink_metadata(worktree).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(Quarantine::default());
    }
    nested::make_accessible(worktree).map_err(GitError::io("open", worktree))?;
    let mut done = Quarantine::default();
    done.notes.extend(restore_dot_git(run)?);
    failpoint::reached(Point::DotGitRestored);
    let search = nested::search(worktree, Closed::Open)?;
    for found in search.found.iter().filter(|found| !run.nested.contains(found)) {
        done.moved.push(aside(worktree, &found.path)?);
    }
    done.tell(run, &search);
    Ok(done)
}

impl Quarantine {
    fn tell(&mut self, run: &RunGit, search: &Search) {
        let gone = run.nested.iter().filter(|before| !search.found.contains(before));
        self.notes
            .extend(gone.map(|before| format!("{} is not what it was before the run", printable_path(&before.path))));
        let new = search.bare.iter().filter(|path| !run.bare.iter().any(|before| before.0 == **path));
        self.notes.extend(
            new.take(MOST_NAMED).map(|path| {
                format!("the agent left a bare git repository at {}: run no git in it", printable_path(path))
            }),
        );
        self.notes.extend(
            search.unread.iter().take(MOST_NAMED).map(|path| {
                format!("{} could not be searched for git folders: run no git in it", printable_path(path))
            }),
        );
        if search.cut_short {
            self.holds.push(
                "the worktree is too large to be searched for git folders that the agent may have left".to_owned(),
            );
        }
    }
}

/// The worktree's `.git` as it was before the run, whatever is there now.
fn restore_dot_git(run: &RunGit) -> Result<Option<String>, GitError> {
    let worktree = &run.checkout.worktree;
    let Some(text) = &run.dot_git else { return check_plain(worktree) };
    let path = worktree.join(".git");
    if nofollow::read_file(&path, nested::FILE_LIMIT).is_ok_and(|now| now == *text) {
        return Ok(None);
    }
    if fs::symlink_metadata(&path).is_ok() {
        aside(worktree, Path::new(".git"))?;
    }
    write_new(worktree, &path, text).map_err(GitError::io("restore", &path))?;
    Ok(Some(format!("{} was not what it was before the run, and was restored", path.display())))
}

/// By way of a file that nobody can have made before: the agent could have put a link wherever the name is known.
fn write_new(worktree: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o644)).tempfile_in(worktree)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}

fn check_plain(worktree: &Path) -> Result<Option<String>, GitError> {
    let path = worktree.join(".git");
    let found = fs::symlink_metadata(&path).map_err(GitError::io("find", &path))?;
    match found.is_dir() {
        true => Ok(None),
        false => Err(GitError::Hostile { path, reason: "it is no folder any more".to_owned() }),
    }
}

/// Renames a `.git` to the first free name beside it.
fn aside(worktree: &Path, path: &Path) -> Result<PathBuf, GitError> {
    let from = worktree.join(path);
    for number in 0_u32..10_000 {
        let name = if number == 0 { ASIDE.to_owned() } else { format!("{ASIDE}.{number}") };
        let target = path.with_file_name(name);
        match rename(&from, &worktree.join(&target)) {
            Ok(()) => return Ok(target),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(GitError::io("rename", &from)(io::Error::from(error))),
        }
    }
    Err(GitError::Hostile { path: from, reason: "no name is free beside it".to_owned() })
}

/// Never over something that is there. The agent may have closed the folder.
fn rename(from: &Path, to: &Path) -> Result<(), Errno> {
    let attempt = || rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE);
    match (attempt(), from.parent()) {
        (Err(Errno::ACCESS), Some(folder)) if nested::make_accessible(folder).is_ok() => attempt(),
        // Some file systems know no such rename; nobody else is at work here any more.
        (Err(Errno::INVAL), _) if fs::symlink_metadata(to).is_err() => rustix::fs::rename(from, to),
        (result, _) => result,
    }
}
