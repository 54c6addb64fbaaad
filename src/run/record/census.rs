//! All runs, seen by a process that does not own them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::git::private::RunGit;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::{Mode, Record};
use crate::run::record::unreadable::Unreadable;
use crate::run::record::{RunError, lock};
use crate::untrusted::stamp::{self, Stamp};

/// A run, read by a process that does not own it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub folder: Folder,
    pub record: Record,
    pub owned: bool,
}

impl Seen {
    pub fn git(&self) -> Option<RunGit> {
        self.record.git(&self.folder)
    }

    /// Whether it is an agent program's own sign-in whose `bn` is gone. Nobody waits for what it leaves.
    pub fn is_left_sign_in(&self) -> bool {
        !self.owned && self.record.spec.mode == Mode::SignIn
    }
}

/// What a look at folders of runs has found.
#[derive(Debug, Default)]
pub struct Census {
    /// Oldest first.
    pub runs: Vec<Seen>,
    pub unreadable: Vec<Unreadable>,
}

/// All runs below a folder of runs, oldest first. One whose record cannot be read is an error.
pub fn all_in(runs: &Path) -> Result<Vec<Seen>, RunError> {
    let Census { runs, unreadable } = survey(runs)?;
    unreadable.into_iter().next().map_or(Ok(runs), |run| Err(run.error))
}

/// The runs of every repository. One that cannot be read is no reason not to see the others.
pub fn all(repositories: &Path) -> Result<Census, RunError> {
    let mut census = Census::default();
    for path in folders(repositories)? {
        let Census { runs, unreadable } = survey(&path.join("runs"))?;
        census.runs.extend(runs);
        census.unreadable.extend(unreadable);
    }
    census.runs.sort_by_key(|run| run.record.created_at);
    Ok(census)
}

/// What there is below a folder of runs, read or not.
pub fn survey(runs: &Path) -> Result<Census, RunError> {
    let mut census = Census::default();
    let device = stamp::device(runs);
    for path in folders(runs)? {
        let folder = Folder::new(path);
        // First the lock, then the record: an owner that ends in between has written its last state by then.
        let path = folder.lock();
        let owned = lock::is_held(&path).map_err(|source| RunError::io("lock", &path, source))?;
        match read(&folder, device) {
            Ok(record) => census.runs.push(Seen { folder, record, owned }),
            // A folder without a record is being made or removed at this moment.
            Err(RunError::Io { source, .. }) if is_absent(&source) => {}
            Err(error) => census.unreadable.push(Unreadable { folder, owned, error }),
        }
    }
    census.runs.sort_by_key(|run| run.record.created_at);
    Ok(census)
}

/// Reads the record of a run, which is another file each time that it is written. `device` is the file system that it is on, where that
/// tells one file from another.
fn read(folder: &Folder, device: Option<u64>) -> Result<Record, RunError> {
    static READ: Mutex<BTreeMap<PathBuf, (Stamp, Record)>> = Mutex::new(BTreeMap::new());
    let before = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    let (path, now) = (folder.record(), SystemTime::now());
    let stamp = fs::symlink_metadata(&path).ok().map(|found| Stamp::of(&found));
    let stamp = stamp.filter(|stamp| Some(stamp.device) == device && stamp.is_settled(now));
    if let Some((_, record)) = before().get(&path).filter(|(known, _)| Some(*known) == stamp) {
        return Ok(record.clone());
    }
    let record = Record::load(folder)?;
    if let Some(stamp) = stamp {
        before().insert(path, (stamp, record.clone()));
    }
    Ok(record)
}

/// The folders in a folder; none where it is not there.
fn folders(parent: &Path) -> Result<Vec<PathBuf>, RunError> {
    let failed = |source| RunError::io("read", parent, source);
    let found = match fs::read_dir(parent) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut folders = Vec::new();
    for entry in found {
        let entry = entry.map_err(failed)?;
        // The files beside them are locks.
        if entry.file_type().map_err(failed)?.is_dir() {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::untrusted::stamp::SETTLED;

    const RECORD: &str = include_str!("format_1/ended.json");

    #[test]
    fn a_record_that_was_written_anew_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let run = Folder::new(folder.path().join("old-1"));
        fs::create_dir(run.path()).unwrap();
        let target = || survey(folder.path()).unwrap().runs[0].record.spec.target.branch.clone();
        for number in 0..10 {
            let branch = format!("main-{number}");
            let text = RECORD.replace(r#""main""#, &format!("{branch:?}"));
            let fresh = folder.path().join("fresh");
            fs::write(&fresh, text).unwrap();
            fs::rename(fresh, run.record()).unwrap();
            assert_eq!(target(), branch);
            if number % 3 == 2 {
                thread::sleep(SETTLED * 2);
                assert_eq!((target(), target()), (branch.clone(), branch), "remembered");
            }
        }
        fs::remove_file(run.record()).unwrap();
        assert!(survey(folder.path()).unwrap().runs.is_empty());
    }
}
