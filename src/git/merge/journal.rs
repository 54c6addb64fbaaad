//! The journal of a merge in a checkout, so that a merge is made completely or not at all. What git is about to replace is kept under
//! a second name until git is done. It is put back where git fails half way, or by the next merge where every process died.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::git::host::changes::ChangedPath;
use crate::git::host::{Git, GitError, refs};
use crate::untrusted::{quarantine, remove};
use crate::{path_json, sanitize};

/// In the git dir of the checkout: mostly on one file system with its files.
const FOLDER: &str = "binnacle-merge";
/// So many files have their second names in one folder: whoever writes to a folder waits for its turn.
const PART: usize = if cfg!(test) { 2 } else { 2048 };
/// So many of these are filled at a time.
const THREADS: usize = 4;

/// What a merge is about to do.
#[derive(Debug, Serialize, Deserialize)]
pub struct Journal {
    #[serde(with = "path_json")]
    git_dir: PathBuf,
    #[serde(with = "path_json")]
    tree: PathBuf,
    target: String,
    from: String,
    to: String,
    files: Vec<Changing>,
    /// Folders that are not there yet, outermost first.
    absent: Vec<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
struct Place(#[serde(with = "path_json")] PathBuf);

/// A path that git writes or removes.
#[derive(Debug, Serialize, Deserialize)]
struct Changing {
    path: Place,
    /// Something is there: it has a second name.
    was: bool,
    /// The object that is to be there; zeros where the path goes.
    new: String,
}

/// Who may have written to the checkout since the merge began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    Git,
    /// It was a while ago.
    Anybody,
}

impl Journal {
    /// Keeps what is there, durably. The caller makes sure that no other program works in the checkout.
    pub fn begin(
        (git_dir, tree): (&Path, &Path),
        target: &str,
        (from, to): (&str, &str),
        changed: &[ChangedPath],
    ) -> Result<Self, GitError> {
        let (git_dir, tree, target) = (git_dir.to_owned(), tree.to_owned(), target.to_owned());
        let (from, to) = (from.to_owned(), to.to_owned());
        let mut journal = Self { git_dir, tree, target, from, to, files: Vec::new(), absent: Vec::new() };
        journal.drop_folder()?;
        let folder = journal.folder();
        journal.keep(changed).map_err(GitError::io("write to", &folder))?;
        Ok(journal)
    }

    fn keep(&mut self, changed: &[ChangedPath]) -> io::Result<()> {
        let folder = self.folder();
        fs::create_dir(&folder)?;
        second_name(&self.git_dir.join("index"), &folder.join("index"))?;
        let files: Vec<&ChangedPath> = changed.iter().filter(|change| !change.is_submodule()).collect();
        let parts: Vec<&[&ChangedPath]> = files.chunks(PART).collect();
        let kept = side_by_side(parts.len(), |number| {
            let folder = folder.join(number.to_string());
            fs::create_dir(&folder)?;
            let files = (number * PART..).zip(parts[number]);
            let kept =
                files.map(|(file, change)| second_name(&self.tree.join(&change.path), &folder.join(file.to_string())));
            let kept: Vec<bool> = kept.collect::<io::Result<_>>()?;
            File::open(&folder)?.sync_all().map(|()| kept)
        })?;
        let kept = files.iter().zip(kept.into_iter().flatten());
        let changing =
            |change: &ChangedPath, was| Changing { path: Place(change.path.clone()), was, new: change.id.clone() };
        self.files = kept.map(|(change, was)| changing(change, was)).collect();
        let is_absent = |folder: &&Path| fs::symlink_metadata(self.tree.join(folder)).is_err();
        self.absent = above(&files).into_iter().filter(is_absent).map(|folder| Place(folder.to_owned())).collect();
        let mut file = File::create(folder.join("new"))?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(folder.join("new"), folder.join("journal"))?;
        File::open(&folder)?.sync_all()?;
        File::open(&self.git_dir)?.sync_all()
    }

    fn folder(&self) -> PathBuf {
        self.git_dir.join(FOLDER)
    }

    /// The second name of a file. An older bn had all of them in one folder.
    fn kept(&self, number: usize) -> PathBuf {
        let name = self.folder().join((number / PART).to_string()).join(number.to_string());
        if fs::symlink_metadata(&name).is_ok() { name } else { self.folder().join(number.to_string()) }
    }

    fn drop_folder(&self) -> Result<(), GitError> {
        Ok(remove::folder(&self.folder())?)
    }

    /// Git came to its end.
    pub fn done(&self) -> Result<(), GitError> {
        self.drop_folder()
    }

    /// Git failed: everything becomes what it was.
    pub fn undo(&self, git: &Git) -> Result<(), GitError> {
        self.put_back(git, Since::Git).map(drop)
    }

    /// What somebody else wrote meanwhile is moved aside; returns the new names.
    fn put_back(&self, git: &Git, since: Since) -> Result<Vec<PathBuf>, GitError> {
        let mut aside = Vec::new();
        for (number, file) in self.files.iter().enumerate() {
            aside.extend(self.put_back_one(git, since, (number, file))?);
        }
        for folder in self.absent.iter().rev() {
            // One in which something is stays.
            drop(fs::remove_dir(self.tree.join(&folder.0)));
        }
        let (kept, index) = (self.folder().join("index"), self.git_dir.join("index"));
        if kept.exists() && !is_same(&kept, &index) {
            fs::rename(&kept, &index).map_err(GitError::io("put back", &index))?;
        }
        self.drop_folder()?;
        Ok(aside)
    }

    fn put_back_one(
        &self,
        git: &Git,
        since: Since,
        (number, file): (usize, &Changing),
    ) -> Result<Option<PathBuf>, GitError> {
        let (kept, path) = (self.kept(number), self.tree.join(&file.path.0));
        let failed = || GitError::io("put back", &path);
        let mut aside = None;
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => return Ok(None),
            Ok(_) if file.was && (is_same(&kept, &path) || has_same_content(&kept, &path)) => return Ok(None),
            Ok(_) if since == Since::Git || self.is_written_by_git(git, file, &path)? => {
                fs::remove_file(&path).map_err(failed())?;
            }
            Ok(_) => {
                let name = file.path.0.file_name().unwrap_or_default().to_string_lossy();
                aside = Some(quarantine::aside(&self.tree, &file.path.0, &format!("{name}.binnacle"))?);
            }
            Err(_) => {}
        }
        if file.was {
            fs::create_dir_all(path.parent().unwrap_or(&self.tree)).map_err(failed())?;
            fs::rename(&kept, &path).map_err(failed())?;
        }
        Ok(aside)
    }

    /// Byte for byte. A file that a filter wrote is not known again, and is moved aside.
    fn is_written_by_git(&self, git: &Git, file: &Changing, path: &Path) -> Result<bool, GitError> {
        let cmd = git.in_dir(&self.git_dir).args(["hash-object", "--no-filters"]);
        let id = match fs::read_link(path) {
            Ok(link) => git.read_with_input("look at a link", &cmd.arg("--stdin"), link.as_os_str().as_bytes())?,
            Err(_) => git.read("look at a file", &cmd.arg("--").arg(path))?,
        };
        Ok(id.text() == file.new)
    }
}

/// Undoes a merge whose process died before its end, unless the branch has moved. Returns a message for the user where a file had to
/// be moved aside because it is neither the old one nor the new one.
pub fn recover(git: &Git, git_dir: &Path) -> Result<Option<String>, GitError> {
    let folder = git_dir.join(FOLDER);
    // Without a whole journal git was not begun.
    let journal = fs::read(folder.join("journal")).ok().and_then(|text| serde_json::from_slice::<Journal>(&text).ok());
    let half_done = match &journal {
        Some(journal) => refs::commit(git, git_dir, &journal.target)?.as_ref() == Some(&journal.from),
        None => false,
    };
    let Some(journal) = journal.filter(|_| half_done) else {
        // Nothing to undo, or the user has gone on by another way.
        return Ok(remove::folder(&folder).map(|()| None)?);
    };
    let aside: Vec<String> = journal.put_back(git, Since::Anybody)?.iter().map(|path| sanitize::path(path)).collect();
    let names = aside.join(", ");
    Ok((!aside.is_empty()).then(|| {
        format!("an interrupted merge was undone; the files as they were before it are back, and what was changed since is kept as {names}; now merge again")
    }))
}

/// All folders in which these are, but for the top, outermost first.
fn above<'a>(files: &[&'a ChangedPath]) -> BTreeSet<&'a Path> {
    let mut folders = BTreeSet::new();
    for change in files {
        for folder in change.path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            // Then those above it are there as well.
            if !folders.insert(folder) {
                break;
            }
        }
    }
    folders
}

/// Does a work in so many parts, some of them at a time, and returns what comes of them in their order.
fn side_by_side<T: Send>(parts: usize, work: impl Fn(usize) -> io::Result<T> + Sync) -> io::Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let turns = || {
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        numbers.take_while(|number| *number < parts).map(|number| Ok((number, work(number)?))).collect()
    };
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        // Where no thread can be started, this one does it all.
        let begin = |_| thread::Builder::new().spawn_scoped(scope, turns).ok();
        let others: Vec<_> = (1..THREADS.min(parts)).filter_map(begin).collect();
        let own: io::Result<Vec<_>> = turns();
        let ended =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        let all: Vec<Vec<_>> = [own].into_iter().chain(ended).collect::<io::Result<_>>()?;
        io::Result::Ok(all.into_iter().flatten().collect())
    })?;
    done.sort_unstable_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, came)| came).collect())
}

/// False where there is nothing that could have one.
fn second_name(path: &Path, name: &Path) -> io::Result<bool> {
    if fs::hard_link(path, name).is_ok() {
        return Ok(true);
    }
    match fs::symlink_metadata(path) {
        Err(_) => Ok(false),
        Ok(found) if found.is_dir() => Ok(false),
        // On another file system, or on one without links.
        Ok(found) if found.is_symlink() => std::os::unix::fs::symlink(fs::read_link(path)?, name).map(|()| true),
        Ok(_) => fs::copy(path, name).map(|_| true),
    }
}

fn is_same(one: &Path, two: &Path) -> bool {
    let identity = |path| fs::symlink_metadata(path).ok().map(|found: Metadata| (found.dev(), found.ino()));
    identity(one).is_some_and(|one| identity(two) == Some(one))
}

fn has_same_content(one: &Path, two: &Path) -> bool {
    match (fs::read_link(one), fs::read_link(two)) {
        (Ok(one), Ok(two)) => one == two,
        (Err(_), Err(_)) => {
            let mode = |path| fs::symlink_metadata(path).map(|found: Metadata| (found.mode(), found.len())).ok();
            mode(one) == mode(two) && fs::read(one).ok().is_some_and(|one| fs::read(two).ok() == Some(one))
        }
        _ => false,
    }
}
