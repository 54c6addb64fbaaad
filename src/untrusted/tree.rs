//! The folders of a worktree, and of what lies in them the names that somebody asks for.
//!
//! A folder that has not changed since it was listed is not listed again, neither for the next question nor for the next run. The
//! kernel says so: every name that comes, goes or becomes something else gives its folder a new time of change, which nobody can set.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::FileType;
use serde::{Deserialize, Serialize};

use crate::path_json;
use crate::untrusted::entries::{self, Entry};
use crate::untrusted::stamp::{Stamp, device};

/// More folders than this are listed each time.
const MOST_FOLDERS: usize = 100_000;
/// A name in a folder, and what it stands for. A link is a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    #[serde(with = "path_json")]
    name: PathBuf,
    #[serde(with = "kind_json")]
    pub kind: FileType,
}

impl Name {
    pub fn as_os_str(&self) -> &OsStr {
        self.name.as_os_str()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Listed {
    #[serde(with = "path_json")]
    folder: PathBuf,
    stamp: Stamp,
    names: Vec<Name>,
}

/// What is remembered from one run to the next.
#[derive(Serialize, Deserialize)]
struct Memory {
    /// To another question there are other answers.
    question: String,
    folders: Vec<Listed>,
}

/// Which files somebody asks for, besides what git would take for something.
pub struct Wanted {
    /// What tells this question from others.
    pub question: String,
    /// The answer for a path relative to the worktree.
    pub holds: Box<dyn FnMut(&Path) -> bool>,
}

/// A worktree, and what is known of its folders.
pub struct Tree {
    pub worktree: PathBuf,
    wanted: RefCell<Wanted>,
    /// The file system that it is on, where folders of that can be remembered.
    device: Option<u64>,
    before: BTreeMap<PathBuf, Listed>,
    now: RefCell<BTreeMap<PathBuf, Listed>>,
    has_news: Cell<bool>,
    is_settled: Cell<bool>,
}

impl Tree {
    /// With what is remembered of it in the file `memory`, to which no agent can write.
    pub fn remembered(worktree: &Path, memory: &Path, wanted: Wanted) -> Self {
        let device = device(worktree);
        let before = if device.is_some() { read(memory, &wanted.question) } else { BTreeMap::new() };
        Self { device, before, ..Self::new(worktree, wanted) }
    }

    /// With what git would take for something, and nothing that is remembered.
    pub fn unremembered(worktree: &Path) -> Self {
        Self::new(worktree, Wanted { question: String::new(), holds: Box::new(|_| false) })
    }

    fn new(worktree: &Path, wanted: Wanted) -> Self {
        Self {
            worktree: worktree.to_owned(),
            wanted: RefCell::new(wanted),
            device: None,
            before: BTreeMap::new(),
            now: RefCell::default(),
            has_news: Cell::new(false),
            is_settled: Cell::new(true),
        }
    }

    /// The folders in a folder, and the names that are asked for. Its path is relative to the worktree.
    pub fn names(&self, folder: &Path) -> io::Result<Vec<Name>> {
        let path = self.worktree.join(folder);
        let (now, stamp) = (SystemTime::now(), Stamp::of(&fs::symlink_metadata(&path)?));
        let known = self.now.borrow().get(folder).or_else(|| self.before.get(folder)).cloned();
        if let Some(known) = known.filter(|known| known.stamp == stamp) {
            let names = known.names.clone();
            self.now.borrow_mut().entry(folder.to_owned()).or_insert(known);
            return Ok(names);
        }
        let mut inside = folder.to_owned();
        let holds = &mut self.wanted.borrow_mut().holds;
        let names = list(&path, |entry| {
            inside.push(entry.name);
            let keep = concerns_git(entry.name, entry.kind) || holds(&inside);
            inside.pop();
            keep
        })?;
        if self.device == Some(stamp.device) && stamp.is_settled(now) {
            self.has_news.set(true);
            let listed = Listed { folder: folder.to_owned(), stamp, names: names.clone() };
            self.now.borrow_mut().insert(folder.to_owned(), listed);
        } else {
            self.is_settled.set(false);
        }
        Ok(names)
    }

    /// Whether every further change of what was listed so far will show.
    pub fn is_settled(&self) -> bool {
        self.is_settled.get()
    }

    /// All names in a folder, as they are now.
    pub fn all_names(&self, folder: &Path) -> io::Result<Vec<Name>> {
        list(&self.worktree.join(folder), |_| true)
    }

    /// Remembers what was listed, for the next run in this worktree.
    pub fn remember(&self, memory: &Path) -> io::Result<()> {
        let gone = self.before.keys().any(|folder| !self.now.borrow().contains_key(folder));
        if !self.has_news.get() && !gone || self.now.borrow().len() > MOST_FOLDERS {
            return Ok(());
        }
        let folders = self.now.borrow().values().cloned().collect();
        let memory_now = Memory { question: self.wanted.borrow().question.clone(), folders };
        let mut file = tempfile::NamedTempFile::new_in(memory.parent().unwrap_or(Path::new("/")))?;
        file.write_all(&serde_json::to_vec(&memory_now)?)?;
        file.persist(memory).map(drop).map_err(|error| error.error)
    }
}

fn list(path: &Path, mut keep: impl FnMut(&Entry<'_>) -> bool) -> io::Result<Vec<Name>> {
    let mut names = Vec::new();
    entries::each(path, |entry| {
        if keep(entry) {
            names.push(Name { name: entry.name.into(), kind: entry.kind });
        }
        Ok(())
    })?;
    Ok(names)
}

/// What cannot be read is not remembered.
fn read(memory: &Path, question: &str) -> BTreeMap<PathBuf, Listed> {
    let text = fs::read(memory).unwrap_or_default();
    match serde_json::from_slice::<Memory>(&text) {
        Ok(memory) if memory.question == question => {
            memory.folders.into_iter().map(|listed| (listed.folder.clone(), listed)).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// Whether git goes in there, takes it for a repository or a part of one, waits at it, or a program may listen there.
fn concerns_git(name: &OsStr, kind: FileType) -> bool {
    matches!(kind, FileType::Directory | FileType::Socket)
        || [".git", "HEAD", "objects", "refs"].iter().any(|known| name.eq_ignore_ascii_case(known))
        || makes_git_wait(name, kind)
}

/// Files of a tree that git reads unasked: at a pipe of that name it would wait for ever.
const READ_UNASKED: &[&str] = &[".gitattributes", ".gitignore", ".gitmodules", ".mailmap"];

/// Git follows no link with one of these names, but for `.gitmodules`.
pub fn makes_git_wait(name: &OsStr, kind: FileType) -> bool {
    let harmless =
        kind == FileType::RegularFile || kind == FileType::Symlink && !name.eq_ignore_ascii_case(".gitmodules");
    !harmless && READ_UNASKED.iter().any(|read| name.eq_ignore_ascii_case(read))
}

/// What a name stands for, in JSON: the type as the mode of a file has it.
mod kind_json {
    use rustix::fs::{FileType, RawMode};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(kind: &FileType, serializer: S) -> Result<S::Ok, S::Error> {
        kind.as_raw_mode().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FileType, D::Error> {
        RawMode::deserialize(deserializer).map(FileType::from_raw_mode)
    }
}

#[cfg(test)]
mod tests;
