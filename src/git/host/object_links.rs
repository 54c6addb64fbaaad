//! Second names (hard links) for the objects of a repository: a borrower keeps them whatever the user deletes and collects.
//!
//! No ref of the user's repository is needed for it. A file has a second name on the same file system; where the file system
//! has none to give, or the file is somebody else's, it is copied.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::git::host::git::os;
use crate::git::host::{Git, GitError};

/// How often is looked again while somebody packs the repository.
const MOST_ROUNDS: u32 = 20;
/// How long git is given for its next step then, and so much longer each time: a loaded machine may not let it go on at once.
const PAUSE: Duration = Duration::from_millis(5);
/// What belongs to a pack; its index comes last, by which git finds it.
const PACK_FILES: &[&str] = &["pack", "promisor", "idx"];

/// Gives all objects of the repository that have none yet a second name in `to`, a folder of objects. Returns how many
/// bytes had to be copied.
pub fn link(common_dir: &Path, to: &Path) -> Result<u64, GitError> {
    let from = common_dir.join("objects");
    let mut copied = 0;
    for round in 1..=MOST_ROUNDS {
        let before = packs(&from).map_err(GitError::io("read", &from))?;
        // First the loose ones: whatever is packed meanwhile is in a pack that is seen afterwards.
        let all = loose(&from, to, &mut copied)
            .and_then(|loose| Ok(packed(&from, to, &before, &mut copied)? && loose))
            .map_err(GitError::io("link the objects of", &from))?;
        if all && packs(&from).map_err(GitError::io("read", &from))? == before {
            return Ok(copied);
        }
        thread::sleep(PAUSE * round);
    }
    let reason = "another git keeps repacking the repository; try again".to_owned();
    Err(GitError::Failed { what: "keep the objects that the run borrows".to_owned(), reason })
}

/// The names of the packs, without what comes after the dot.
fn packs(objects: &Path) -> io::Result<BTreeSet<OsString>> {
    let names = names(&objects.join("pack"))?;
    Ok(names
        .iter()
        .filter(|name| Path::new(name).extension() == Some(OsStr::new("idx")))
        .filter_map(|name| Path::new(name).file_stem().map(OsStr::to_owned))
        .collect())
}

/// False where one was gone by the time.
fn packed(from: &Path, to: &Path, packs: &BTreeSet<OsString>, copied: &mut u64) -> io::Result<bool> {
    let (from, to) = (from.join("pack"), to.join("pack"));
    fs::create_dir_all(&to)?;
    let there = names(&to)?;
    let mut all = true;
    for pack in packs {
        for kind in PACK_FILES {
            let mut name = pack.clone();
            name.push(format!(".{kind}"));
            if !there.contains(&name) {
                // Only what came from a promisor has a file of that kind.
                all &= one(&from.join(&name), &to.join(&name), copied)? || *kind == "promisor";
            }
        }
    }
    Ok(all)
}

/// False where one was gone by the time.
fn loose(from: &Path, to: &Path, copied: &mut u64) -> io::Result<bool> {
    let is_hex = |name: &OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
    let mut all = true;
    for folder in names(from)?.iter().filter(|name| name.len() == 2 && is_hex(name)) {
        let (from, to) = (from.join(folder), to.join(folder));
        let wanted = names(&from)?;
        let there = names(&to)?;
        if wanted.iter().any(|name| is_hex(name)) {
            fs::create_dir_all(&to)?;
        }
        for name in wanted.iter().filter(|name| is_hex(name) && !there.contains(*name)) {
            all &= one(&from.join(name), &to.join(name), copied)?;
        }
    }
    Ok(all)
}

/// What is in a folder; nothing where there is none.
fn names(folder: &Path) -> io::Result<HashSet<OsString>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashSet::new()),
        Err(error) => Err(error),
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
    }
}

/// A second name for one file, or a copy of it. False where it is not there.
fn one(from: &Path, to: &Path, copied: &mut u64) -> io::Result<bool> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(_) => copy(from, to, copied),
    }
}

/// Under its name the copy is whole.
fn copy(from: &Path, to: &Path, copied: &mut u64) -> io::Result<bool> {
    let mut beside = to.as_os_str().to_owned();
    beside.push(".new");
    match fs::copy(from, &beside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => *copied += other?,
    }
    fs::rename(&beside, to)?;
    Ok(true)
}

/// Gives the packs of one folder of objects names in another one too, and keeps them there from being collected until
/// `release` is called with the same mark.
pub fn lend(from: &Path, to: &Path, mark: &str) -> io::Result<()> {
    let (from, to) = (from.join("pack"), to.join("pack"));
    let (there, mut copied) = (names(&to)?, 0);
    for index in names(&from)?.iter().filter(|name| Path::new(name).extension() == Some(OsStr::new("idx"))) {
        let file = |kind: &str| Path::new(index).with_extension(kind);
        // The mark comes first: git drops no pack that has one.
        if !there.contains(file("keep").as_os_str()) {
            fs::write(to.join(file("keep")), mark)?;
        }
        for kind in PACK_FILES.iter().filter(|kind| **kind != "promisor") {
            one(&from.join(file(kind)), &to.join(file(kind)), &mut copied)?;
        }
    }
    fs::File::open(&to)?.sync_all()
}

/// Removes the mark, so that git may keep or drop these packs like all others.
pub fn release(objects: &Path, mark: &str) -> io::Result<()> {
    let folder = objects.join("pack");
    for name in names(&folder)?.iter().filter(|name| Path::new(name).extension() == Some(OsStr::new("keep"))) {
        let path = folder.join(name);
        if fs::metadata(&path).is_ok_and(|found| found.len() == mark.len() as u64)
            && fs::read(&path)? == mark.as_bytes()
        {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Returns the ids that name a missing object, or a tag of one.
pub fn missing(git: &Git, git_dir: &Path, ids: &BTreeSet<&str>) -> Result<BTreeSet<String>, GitError> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let questions: String = ids.iter().map(|id| format!("{id}\n{id}^{{}}\n")).collect();
    let cmd = git.in_dir(git_dir).args(["cat-file", "--batch-check=%(objectname) %(objecttype)"]);
    let answers = git.read_with_input("look at the refs' objects", &cmd, questions.as_bytes())?.stdout;
    let answers: Vec<&[u8]> = answers.split(|&byte| byte == b'\n').collect();
    let is_missing =
        |answers: &[&[u8]]| answers.iter().any(|answer| os(answer).to_string_lossy().ends_with(" missing"));
    Ok(ids
        .iter()
        .zip(answers.chunks_exact(2))
        .filter(|(_, two)| is_missing(two))
        .map(|(id, _)| (*id).to_owned())
        .collect())
}
