//! Reads the reflogs of the agent's repository: they name commits that no ref names any more.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::FileType;

use crate::git::collect::ids::{DEEPEST, Ids, MOST_FILES};
use crate::git::host::git::os;
use crate::sanitize;
use crate::untrusted::nofollow;

const LIMIT: u64 = 16 << 20;
/// More ids than these are not taken from reflogs.
const MOST_IDS: usize = 10_000;

/// What reflogs name.
#[derive(Debug, Default)]
pub struct Logs {
    /// Latest first.
    pub stash: Vec<String>,
    /// Where HEAD and the branches have been, in inner worktrees, too.
    pub ids: BTreeSet<String>,
    /// What inner worktrees have checked out without a branch, by their names.
    pub worktrees: Vec<(Vec<u8>, String)>,
    /// What could not be read, and why.
    pub skipped: Vec<String>,
}

pub fn read(folder: &OwnedFd, ids: Ids) -> Logs {
    let mut reader = Reader { ids, logs: Logs::default() };
    reader.logs.stash = reader.file(folder, &["logs", "refs"], "stash").into_iter().rev().collect();
    reader.add(folder, &["logs"], "HEAD");
    if let Some(heads) = reader.open(folder, &["logs", "refs", "heads"]) {
        reader.branches(&heads, 0);
    }
    if let Some(worktrees) = reader.open(folder, &["worktrees"]) {
        for name in reader.names(&worktrees) {
            if let Ok(worktree) = nofollow::folder_in(&worktrees, os(name.to_bytes())) {
                reader.add(&worktree, &["logs"], "HEAD");
                reader.detached(&worktree, name.to_bytes());
            }
        }
    }
    reader.logs
}

struct Reader {
    ids: Ids,
    logs: Logs,
}

impl Reader {
    /// What is there, or nothing; a reason to be told where it is there and cannot be read.
    fn told<T: Default>(&mut self, what: &str, result: io::Result<T>) -> T {
        match result {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => T::default(),
            Err(error) => {
                self.skip(format!("{} was not read: {error}", sanitize::name(what.as_bytes())));
                T::default()
            }
        }
    }

    fn skip(&mut self, reason: String) {
        const MOST_NAMED: usize = 10;
        if self.logs.skipped.len() < MOST_NAMED {
            self.logs.skipped.push(reason);
        }
    }

    fn open(&mut self, folder: &OwnedFd, path: &[&str]) -> Option<OwnedFd> {
        let open = |above: Option<OwnedFd>, name: &&str| {
            nofollow::folder_in(above.as_ref().unwrap_or(folder), OsStr::new(name)).map(Some)
        };
        let opened = path.iter().try_fold(None, open);
        self.told(&path.join("/"), opened)
    }

    fn names(&mut self, folder: &OwnedFd) -> Vec<std::ffi::CString> {
        let names = nofollow::names(folder, MOST_FILES);
        self.told("a folder of reflogs", names)
    }

    /// The new values in a log, oldest first.
    fn file(&mut self, folder: &OwnedFd, path: &[&str], name: &str) -> Vec<String> {
        let Some(parent) = self.open(folder, path) else { return Vec::new() };
        let text = nofollow::file_in(&parent, OsStr::new(name), LIMIT);
        let text = self.told(name, text);
        self.parse(&text)
    }

    fn parse(&self, text: &[u8]) -> Vec<String> {
        let lines = text.split(|&byte| byte == b'\n');
        lines.filter_map(|line| self.ids.parse(line.split(|&byte| byte == b' ').nth(1)?)).collect()
    }

    /// Where an inner worktree is, if on no branch.
    fn detached(&mut self, worktree: &OwnedFd, name: &[u8]) {
        let text = nofollow::file_in(worktree, OsStr::new("HEAD"), LIMIT);
        let text = self.told("HEAD", text);
        let id = self.ids.parse(text.strip_suffix(b"\n").unwrap_or(&text));
        self.logs.worktrees.extend(id.map(|id| (name.to_vec(), id)));
    }

    fn add(&mut self, folder: &OwnedFd, path: &[&str], name: &str) {
        let ids = self.file(folder, path, name);
        self.keep(ids);
    }

    fn keep(&mut self, ids: Vec<String>) {
        for id in ids.into_iter().rev() {
            if self.logs.ids.len() >= MOST_IDS && !self.logs.ids.contains(&id) {
                return self.skip(format!("reflogs name more than {MOST_IDS} commits; the rest was not taken over"));
            }
            self.logs.ids.insert(id);
        }
    }

    fn branches(&mut self, folder: &OwnedFd, depth: usize) {
        for name in self.names(folder) {
            let name = os(name.to_bytes());
            match nofollow::kind_of(folder, name) {
                Ok(FileType::Directory) if depth < DEEPEST => {
                    if let Ok(below) = nofollow::folder_in(folder, name) {
                        self.branches(&below, depth + 1);
                    }
                }
                Ok(FileType::RegularFile) => {
                    let text = nofollow::file_in(folder, name, LIMIT);
                    let text = self.told(&name.to_string_lossy(), text);
                    let ids = self.parse(&text);
                    self.keep(ids);
                }
                _ => {}
            }
        }
    }
}
