//! Renames what the agent left where the user's git would take it for a repository.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use crate::failpoint::{self, Point};
use crate::sanitize;
use crate::untrusted::nested::{self, Closed, Content, NestedGit, Search};
use crate::untrusted::tree::Tree;
use crate::untrusted::{UntrustedError, nofollow};

const ASIDE: &str = ".git.binnacle";

/// So many unreadable folders are named.
const MOST_NAMED: usize = 10;

/// What was in the worktree before the agent came.
pub struct Before<'a> {
    pub tree: &'a Tree,
    /// The text of its own `.git`, where that is a file.
    pub dot_git: Option<&'a [u8]>,
    /// Git folders below the top.
    pub nested: &'a [NestedGit],
    /// Folders that git takes for bare repositories.
    pub bare: Vec<&'a Path>,
}

/// What was moved, and what to tell the user.
#[derive(Debug, Default)]
pub struct Quarantine {
    /// Relative to the worktree: the new names.
    pub moved: Vec<PathBuf>,
    pub notes: Vec<String>,
    /// Reasons why the merge waits for the user.
    pub holds: Vec<String>,
}

/// Restores the worktree's own `.git`, and renames every nested one that is new or changed.
pub fn run(before: &Before<'_>) -> Result<Quarantine, UntrustedError> {
    let worktree = &before.tree.worktree;
    if fs::symlink_metadata(worktree).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(Quarantine::default());
    }
    nested::make_accessible(worktree).map_err(UntrustedError::io("open", worktree))?;
    let mut done = Quarantine::default();
    done.notes.extend(restore_dot_git(before)?);
    failpoint::reached(Point::DotGitRestored);
    let end = nested::deadline();
    let mut search = nested::search(before.tree, Closed::Open);
    let mut moved = done.move_new(before, &search.found)?;
    // A git folder that was put aside is an ordinary one, in which git would find others.
    while let Some(folder) = moved.pop() {
        let mut inside = Search::default();
        inside.below(before.tree, folder, Closed::Open, end);
        moved.extend(done.move_new(before, &inside.found)?);
        search.pipes.extend(inside.pipes);
        search.cut_short |= inside.cut_short;
    }
    done.move_pipes(worktree, &search.pipes)?;
    done.tell(before, &search);
    Ok(done)
}

impl Quarantine {
    /// Renames what was not there before, and returns the new paths of the folders among it.
    fn move_new(&mut self, before: &Before<'_>, found: &[NestedGit]) -> Result<Vec<PathBuf>, UntrustedError> {
        let mut folders = Vec::new();
        for found in found.iter().filter(|found| !before.nested.contains(found)) {
            let target = aside(&before.tree.worktree, &found.path, ASIDE)?;
            if matches!(found.content, Content::Folder(..)) {
                folders.push(target.clone());
            }
            self.moved.push(target);
        }
        Ok(folders)
    }

    /// No git of anybody's comes past a pipe that it takes for a file of attributes.
    fn move_pipes(&mut self, worktree: &Path, pipes: &[PathBuf]) -> Result<(), UntrustedError> {
        for (number, path) in pipes.iter().enumerate() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let target = aside(worktree, path, &format!("{name}.binnacle"))?;
            if number < MOST_NAMED {
                let (was, is) = (sanitize::path(path), sanitize::path(&target));
                self.notes.push(format!(
                    "{was} was no regular file, and git would wait for it for ever; it is renamed to {is}"
                ));
            }
        }
        Ok(())
    }

    fn tell(&mut self, before: &Before<'_>, search: &Search) {
        let gone = before.nested.iter().filter(|known| !search.found.contains(known));
        self.notes.extend(gone.map(|known| format!("{} was changed during the run", sanitize::path(&known.path))));
        let new = search.bare.iter().filter(|path| !before.bare.contains(&path.as_path()));
        self.notes.extend(
            new.take(MOST_NAMED).map(|path| {
                format!("the agent left a bare git repository at {}: run no git in it", sanitize::path(path))
            }),
        );
        self.notes.extend(
            search.unread.iter().take(MOST_NAMED).map(|path| {
                format!("{} could not be searched for git folders: run no git in it", sanitize::path(path))
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
fn restore_dot_git(before: &Before<'_>) -> Result<Option<String>, UntrustedError> {
    let worktree = &before.tree.worktree;
    let Some(text) = before.dot_git else { return check_plain(worktree) };
    let path = worktree.join(".git");
    if nofollow::read_file(&path, nested::FILE_LIMIT).is_ok_and(|now| now == text) {
        return Ok(None);
    }
    if fs::symlink_metadata(&path).is_ok() {
        aside(worktree, Path::new(".git"), ASIDE)?;
    }
    write_new(worktree, &path, text).map_err(UntrustedError::io("restore", &path))?;
    Ok(Some(format!("{} was changed during the run, and is restored", path.display())))
}

/// By way of a file that nobody can have made before: the agent could have put a link wherever the name is known.
fn write_new(worktree: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o644)).tempfile_in(worktree)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}

fn check_plain(worktree: &Path) -> Result<Option<String>, UntrustedError> {
    let path = worktree.join(".git");
    let found = fs::symlink_metadata(&path).map_err(UntrustedError::io("find", &path))?;
    match found.is_dir() {
        true => Ok(None),
        false => Err(UntrustedError::Hostile { path, reason: "it is no folder any more".to_owned() }),
    }
}

/// Renames a file or folder to a free name beside it, `stem` if that is free.
pub fn aside(worktree: &Path, path: &Path, stem: &str) -> Result<PathBuf, UntrustedError> {
    let from = worktree.join(path);
    let io = |source| UntrustedError::io("rename", &from)(source);
    // The agent may have taken every name that can be foreseen.
    for number in 0..100 {
        let name = match number {
            0 => stem.to_owned(),
            1..10 => format!("{stem}.{number}"),
            _ => format!("{stem}.{:016x}", crate::env::random().map_err(io)?),
        };
        let target = path.with_file_name(name);
        match rename(&from, &worktree.join(&target)) {
            Ok(()) => return Ok(target),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(UntrustedError::io("rename", &from)(io::Error::from(error))),
        }
    }
    Err(UntrustedError::Hostile { path: from, reason: "no name is free beside it".to_owned() })
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
