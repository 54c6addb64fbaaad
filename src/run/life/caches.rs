//! The package managers' caches of a repository. Agents write there, and nothing on the host reads it: it is made, measured and
//! removed.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::Failure;
use crate::run::record::RunError;
use crate::run::record::census::survey;
use crate::run::record::lock::Lock;
use crate::run::record::run_json::Run;
use crate::run::record::store;
use crate::run::watch::written::{self, Bounds, Tree};
use crate::untrusted::remove;

/// So many bytes are kept, or none.
const MOST: u64 = 10 << 30;
/// What takes longer to measure is taken to be too much.
const PATIENCE: Duration = Duration::from_secs(20);

/// The caches of one repository.
#[derive(Clone, Debug)]
pub struct Caches {
    pub folder: PathBuf,
    /// Where the records of its runs are.
    pub runs: PathBuf,
}

/// What became of caches that were to go.
#[derive(Debug, PartialEq, Eq)]
pub enum Emptied {
    Gone,
    /// A run of this name has them mounted.
    UsedBy(String),
}

impl Caches {
    /// Those that a run uses.
    fn of(run: &Run) -> Option<Self> {
        let runs = run.folder.path().parent()?.to_owned();
        run.record.spec.caches.clone().map(|folder| Self { folder, runs })
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
        written::since(i64::MIN, &[tree], &[], Bounds { enough, go_on: &|| Instant::now() < deadline })
    }

    /// Removes them, unless a run is using them. `but` is a run that does so no more.
    pub fn empty(&self, but: Option<&str>) -> Result<Emptied, Failure> {
        let old = self.old();
        remove::folder(&old)?;
        {
            // Who begins a run is recorded behind this door, before it makes its caches.
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
        let uses = |caches: &Option<PathBuf>| caches.as_ref() == Some(&self.folder);
        let mut users = census.runs.iter().map(|seen| &seen.record).filter(|record| {
            record.state.is_open() && uses(&record.spec.caches) && but.is_none_or(|name| name != record.name())
        });
        Ok(users.next().map(|record| record.name().to_owned()))
    }
}

/// Makes the folder for a run. Nothing in it is read.
pub fn prepare(folder: &Path) -> Result<(), RunError> {
    let failed = |source| RunError::io("make", folder, source);
    store::create_private(folder).map_err(failed)?;
    // The last agent may have opened it to everybody, or closed it to itself.
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)
}

/// After a run: caches that have grown too large, or that cannot be measured, go. Returns what the user should hear.
pub fn bound(run: &Run) -> Option<String> {
    let caches = Caches::of(run)?;
    let size = caches.measure(MOST);
    if size.is_some_and(|size| size <= MOST) {
        return None;
    }
    let why = if size.is_some() { "they had more than 10 GB" } else { "they could not be measured" };
    match caches.empty(Some(run.name())) {
        Ok(Emptied::Gone) => Some(format!("the package managers' caches were emptied: {why}")),
        Ok(Emptied::UsedBy(_)) => None,
        Err(error) => Some(format!("the package managers' caches could not be emptied ({why}): {error}")),
    }
}
