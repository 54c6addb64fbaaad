//! Folders in which agents write and that outlive their runs. The host makes, measures and removes them, and reads nothing there.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::Failure;
use crate::output::progress;
use crate::run::record::RunError;
use crate::run::record::census::survey;
use crate::run::record::lock::Lock;
use crate::run::record::run::Run;
use crate::run::record::store;
use crate::run::watch::written::{self, Bounds, Tree};
use crate::untrusted::remove;

/// What takes longer to measure is taken to be too much.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that outlives runs.
#[derive(Clone, Debug)]
pub struct Lasting {
    pub folder: PathBuf,
    /// Where the records of the repository's runs are.
    pub runs: PathBuf,
}

/// What became of a folder that was to go.
#[derive(Debug, PartialEq, Eq)]
pub enum Emptied {
    Gone,
    /// A run of this name has it mounted.
    UsedBy(String),
}

/// Makes such a folder for a run. Nothing in it is read.
pub fn prepare(folder: &Path) -> Result<(), RunError> {
    let failed = |source| RunError::io("make", folder, source);
    store::create_private(folder).map_err(failed)?;
    // The last agent may have opened it to everybody, or closed it to itself.
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)
}

impl Lasting {
    /// One that this run has.
    pub fn of(run: &Run, folder: &Path) -> Option<Self> {
        let runs = run.folder.path().parent()?.to_owned();
        Some(Self { folder: folder.to_owned(), runs })
    }

    /// Whether there is anything to empty, what a removal that was cut off has left included.
    pub fn exist(&self) -> bool {
        self.folder.exists() || self.old().exists()
    }

    fn old(&self) -> PathBuf {
        self.folder.with_extension("old")
    }

    /// Bytes on disk; `None` where that takes too long, or something lies there that nobody can measure.
    pub fn size(&self) -> Option<u64> {
        self.measure(u64::MAX)
    }

    fn measure(&self, enough: u64) -> Option<u64> {
        let deadline = Instant::now() + PATIENCE;
        let tree = Tree { root: self.folder.clone(), except: None };
        let go_on = || {
            progress::tick();
            Instant::now() < deadline
        };
        written::since(i64::MIN, &[tree], &[], Bounds { enough, go_on: &go_on })
    }

    /// Removes it, unless a run is using it. `but` is a run that does so no more.
    pub fn empty(&self, but: Option<&str>) -> Result<Emptied, Failure> {
        let old = self.old();
        remove::folder(&old)?;
        {
            // Who begins a run is recorded behind this door, before its folders are made.
            let door = self.door();
            let _door = Lock::take(&door).map_err(|source| RunError::io("lock", &door, source))?;
            if let Some(name) = self.user(but)? {
                return Ok(Emptied::UsedBy(name));
            }
            match fs::rename(&self.folder, &old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(RunError::io("move", &self.folder, error).into());
                }
                _ => {}
            }
        }
        remove::folder(&old)?;
        Ok(Emptied::Gone)
    }

    fn door(&self) -> PathBuf {
        let repositories = self.runs.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        repositories.join(".lock")
    }

    fn user(&self, but: Option<&str>) -> Result<Option<String>, RunError> {
        let census = survey(&self.runs)?;
        let mut users = census.runs.iter().map(|seen| &seen.record).filter(|record| {
            let uses = record.spec.lasting().any(|folder| folder.starts_with(&self.folder));
            record.state.is_open() && uses && but.is_none_or(|name| name != record.name())
        });
        Ok(users.next().map(|record| record.name().to_owned()))
    }

    /// After a run: what has grown larger than `most`, or cannot be measured, goes. Returns what the user should hear.
    pub fn bound(&self, run: &Run, most: u64, what: &str) -> Option<String> {
        let size = self.measure(most);
        if size.is_some_and(|size| size <= most) {
            return None;
        }
        let why = match size {
            Some(_) => format!("more than {} GB was there", most >> 30),
            None => "the size could not be measured".to_owned(),
        };
        match self.empty(Some(run.name())) {
            Ok(Emptied::Gone) => Some(format!("{what} emptied: {why}")),
            Ok(Emptied::UsedBy(_)) => None,
            Err(error) => Some(format!("{what} not emptied, though {why}: {error}")),
        }
    }
}
