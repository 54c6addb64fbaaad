//! `run.json`: all that is needed to carry a run on, whoever died in between.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::container::agent::AgentType;
use crate::container::ctr::{ContainerSpec, Ctr};
use crate::container::network::Network;
use crate::data_dir::RepoId;
use crate::failpoint::{self, Point};
use crate::git::collect::collected::{Collected, Kept};
use crate::git::private::RunGit;
use crate::run::record::folder::Folder;
use crate::run::record::hand_off::HandOff;
use crate::run::record::lock::{self, Lock};
use crate::run::record::state::{Ending, Outcome, State};
use crate::run::record::unreadable::Unreadable;
use crate::run::record::{RunError, store};

/// What the format of this file is called; a newer one is refused.
pub const FORMAT: u32 = 1;

/// What happens to the work of an agent that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Merge,
    NoMerge,
    /// A debug shell: no agent, no merge.
    Shell,
}

/// How the container reaches the network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NetworkSpec {
    pub mode: Network,
    pub allow: Vec<String>,
    pub only: Vec<String>,
    /// The host's own proxy looks names up.
    pub upstream_by_name: bool,
}

impl fmt::Display for NetworkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.mode, self.only.is_empty()) {
            (Network::None, _) => f.write_str("nothing but itself"),
            (Network::Host, _) => f.write_str("whatever the host reaches, and everything that listens on it"),
            (Network::Egress, false) => write!(f, "{}", [&self.only[..], &self.allow].concat().join(", ")),
            (Network::Egress, true) if self.allow.is_empty() => f.write_str("all public hosts"),
            (Network::Egress, true) => write!(f, "all public hosts, and {}", self.allow.join(", ")),
        }
    }
}

/// Who uses this container for what: chosen before anything is done, and never changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunSpec {
    pub name: String,
    /// The agent's session in the graph.
    pub session: String,
    pub repo: RepoId,
    /// The repository's main worktree.
    pub repository: PathBuf,
    /// Its git folder.
    pub common_dir: PathBuf,
    pub worktree: PathBuf,
    pub branch: Option<String>,
    pub target: String,
    pub agent_type: AgentType,
    /// The agent program, or the command in its place.
    pub agent: String,
    pub mode: Mode,
    pub timeout_seconds: Option<u64>,
    pub detached: bool,
    /// Whose files these are.
    pub uid: u32,
    pub gid: u32,
    pub network: NetworkSpec,
    /// The graph's folder on the host.
    pub graph: PathBuf,
    /// The folder of secrets and sockets.
    pub runtime: PathBuf,
    pub ctr: Ctr,
    pub container: ContainerSpec,
}

/// What is known of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub format: u32,
    pub spec: RunSpec,
    pub state: State,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// The container's first process.
    pub pid: Option<u32>,
    pub ending: Option<Ending>,
    pub outcome: Option<Outcome>,
    /// Commits that a merge brought to the target.
    #[serde(default)]
    pub brought: Option<u64>,
    /// Why the state or the outcome is what it is, for people.
    pub reason: Option<String>,
    pub git: Option<RunGit>,
    pub collected: Option<Collected>,
    /// What of the work programs of the host run or obey.
    pub handed_over: Vec<HandOff>,
    /// What is nowhere else than with the run, beside its work.
    #[serde(default)]
    pub kept: Vec<Kept>,
    /// The container could not be removed without sudo's password.
    pub needs_sudo: bool,
}

impl Record {
    pub fn new(spec: RunSpec, created_at: DateTime<Utc>) -> Self {
        Self {
            format: FORMAT,
            spec,
            state: State::Preparing,
            created_at,
            started_at: None,
            ended_at: None,
            pid: None,
            ending: None,
            outcome: None,
            brought: None,
            reason: None,
            git: None,
            collected: None,
            handed_over: Vec::new(),
            kept: Vec::new(),
            needs_sudo: false,
        }
    }

    /// Reads the record; where it is damaged, the one before it, from which every step can be taken again.
    pub fn load(folder: &Folder) -> Result<Self, RunError> {
        match Self::read(folder.record()) {
            Err(damage @ RunError::Damaged { .. }) => Self::read(folder.record_before()).map_err(|_| damage),
            other => other,
        }
    }

    fn read(path: PathBuf) -> Result<Self, RunError> {
        let bytes = fs::read(&path).map_err(|source| RunError::io("read", &path, source))?;
        let damaged = |source| RunError::Damaged { path: path.clone(), source };
        let format = serde_json::from_slice::<Format>(&bytes).map_err(damaged)?.format;
        if format > FORMAT {
            return Err(RunError::Newer { path, format, known: FORMAT });
        }
        serde_json::from_slice(&bytes).map_err(damaged)
    }

    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Whether the agent's repository is still there, with what could not be taken over.
    pub fn keeps_rest(&self) -> bool {
        let complete = self.collected.as_ref().is_none_or(|collected| collected.complete);
        !complete && self.git.as_ref().is_some_and(|git| git.private().exists())
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A run in the hands of its owner: only who holds the lock writes the record.
#[derive(Debug)]
pub struct Run {
    pub folder: Folder,
    pub record: Record,
    lock: Lock,
}

impl Run {
    pub fn new(folder: Folder, record: Record, lock: Lock) -> Self {
        Self { folder, record, lock }
    }

    /// Takes over a run that nobody owns. `None` where somebody does.
    pub fn take_over(folder: Folder) -> Result<Option<Self>, RunError> {
        let path = folder.lock();
        let Some(lock) = Lock::try_take(&path).map_err(|source| RunError::io("lock", &path, source))? else {
            return Ok(None);
        };
        let record = Record::load(&folder)?;
        Ok(Some(Self { folder, record, lock }))
    }

    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    pub fn name(&self) -> &str {
        self.record.name()
    }

    /// Writes the record; when this returns, a crash cannot undo it.
    pub fn save(&self, point: Point) -> Result<(), RunError> {
        let path = self.folder.record();
        let failed = |source| RunError::io("write", &path, source);
        let bytes = serde_json::to_vec_pretty(&self.record).map_err(|error| failed(error.into()))?;
        if Record::read(path.clone()).is_ok() {
            store::keep_beside(&path, &self.folder.record_before()).map_err(failed)?;
        }
        store::write_durably(&path, &bytes, 0o600).map_err(failed)?;
        failpoint::reached(point);
        Ok(())
    }

    /// Steps on to a state, durably.
    pub fn enter(&mut self, state: State, point: Point) -> Result<(), RunError> {
        self.record.state = state;
        self.save(point)
    }
}

/// A run as somebody sees it who does not own it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub folder: Folder,
    pub record: Record,
    pub owned: bool,
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
    for path in folders(runs)? {
        let folder = Folder::new(path);
        // First the lock, then the record: an owner that ends in between has written its last word.
        let path = folder.lock();
        let owned = lock::is_held(&path).map_err(|source| RunError::io("lock", &path, source))?;
        match Record::load(&folder) {
            Ok(record) => census.runs.push(Seen { folder, record, owned }),
            // A folder without a record is being made or removed at this moment.
            Err(RunError::Io { source, .. }) if is_absent(&source) => {}
            Err(error) => census.unreadable.push(Unreadable { folder, owned, error }),
        }
    }
    census.runs.sort_by_key(|run| run.record.created_at);
    Ok(census)
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
