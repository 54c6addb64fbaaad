//! `run.json`: all that is needed to resume a run after any process of it died.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::container::again::{Again, RetryOf};
use crate::container::agent::{Agent, AgentType};
use crate::container::ctr::Ctr;
use crate::container::limits::Limits;
use crate::container::network::Network;
use crate::container::user_mount::UserMount;
use crate::data_dir::RepoId;
use crate::egress::model::endpoint::Endpoint;
use crate::egress::origin::spec::Origin;
use crate::git::collect::collected::{Collected, Kept};
use crate::git::host::checkout::Checkout;
use crate::git::host::target::Target;
use crate::git::merge::conflict::Conflict;
use crate::git::private::{RunGit, Start};
use crate::ports::published::Published;
use crate::process::Cmd;
use crate::run::record::check::{Check, CheckSpec};
use crate::run::record::folder::Folder;
use crate::run::record::graph_access::GraphAccess;
use crate::run::record::hand_off::HandOff;
use crate::run::record::state::{Ending, Outcome, State};
use crate::run::record::{RunError, format_1};

/// What the format of this file is called; a newer one is refused.
pub const FORMAT: u32 = 2;

/// What happens to the work of an agent that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Merge,
    NoMerge,
    /// A debug shell: no agent, no merge.
    Shell,
    /// The trial of what a target would be: no agent, and nothing of it is kept.
    Check,
    /// An agent program's own sign-in, and nothing else.
    SignIn,
}

/// How the container reaches the network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NetworkSpec {
    pub mode: Network,
    pub allow: Vec<String>,
    pub only: Vec<String>,
    /// The host's own proxy looks names up.
    pub upstream_by_name: bool,
    /// Models whose keys stay outside.
    #[serde(default)]
    pub models: Vec<Endpoint>,
    /// The repository that the agent may push to, with a credential that stays outside.
    #[serde(default)]
    pub origin: Option<Origin>,
}

impl NetworkSpec {
    /// What tells programs in the container where the models and the origin are.
    pub fn endpoint_variables(&self) -> impl Iterator<Item = (String, String)> {
        self.models.iter().flat_map(Endpoint::variables).chain(self.origin.as_ref().and_then(Origin::variables))
    }
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

/// The plan of a run: resolved before anything is done, and never changed. Values that follow from it are not recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunSpec {
    pub name: String,
    /// The agent's session in the graph: two runs can have the same name, one after the other.
    pub session: String,
    /// As it was before the run; the agent may start from a later commit.
    pub checkout: Checkout,
    pub target: Target,
    pub agent: Agent,
    pub agent_type: AgentType,
    /// What runs in the place of the agent program; empty where that runs.
    pub command: Vec<String>,
    pub mode: Mode,
    pub timeout_seconds: Option<u64>,
    pub detached: bool,
    /// The agent has the user's terminal.
    pub terminal: bool,
    /// The socket of the screen in which that terminal is, where windows can be opened on it.
    #[serde(default)]
    pub screen: Option<PathBuf>,
    /// The device of the person's own terminal, where an agent program shows its screen there: it is as old as what was shown last.
    #[serde(default)]
    pub window: Option<PathBuf>,
    /// Whose files these are.
    pub uid: u32,
    pub gid: u32,
    pub image: String,
    pub limits: Limits,
    pub network: NetworkSpec,
    /// Ports of the host that lead to the container's from the start.
    #[serde(default)]
    pub publish: Vec<Published>,
    /// The graph's folder on the host.
    pub graph: PathBuf,
    #[serde(default = "GraphAccess::of_older_runs")]
    pub graph_access: GraphAccess,
    /// The package managers' caches that the agent gets.
    #[serde(default)]
    pub caches: Option<PathBuf>,
    /// A command that makes the worktree ready, before the agent starts.
    #[serde(default)]
    pub setup: Option<String>,
    /// Folders and files of the host's that the user gives to the agent.
    #[serde(default)]
    pub mounts: Vec<UserMount>,
    /// The folder in which the agent keeps what it remembers of the worktree.
    #[serde(default)]
    pub agent_home: Option<PathBuf>,
    /// The folder with the sign-in that the agent gets a copy of.
    #[serde(default)]
    pub logins: Option<PathBuf>,
    /// The agent goes on with its last session.
    #[serde(default)]
    pub go_on: bool,
    /// What is tried before its work lands.
    #[serde(default)]
    pub check: Option<CheckSpec>,
    #[serde(default)]
    pub again: Again,
    #[serde(default)]
    pub retry_of: Option<RetryOf>,
    /// The folder of secrets and sockets.
    pub runtime: PathBuf,
    pub ctr: Ctr,
}

impl RunSpec {
    /// The repository's name in `bn`'s folders.
    pub fn repo(&self) -> RepoId {
        RepoId::of(&self.checkout.main_worktree)
    }

    /// The container has a network of its own, with nothing in it but a loopback.
    pub fn has_own_network(&self) -> bool {
        self.network.mode != Network::Host
    }

    /// An agent program without a screen: it prints a stream of what it does, where it has such a form.
    pub fn has_transcript(&self) -> bool {
        self.command.is_empty() && self.mode != Mode::Shell && !self.terminal
    }

    /// Folders of the host that outlive the run and in which the agent writes.
    pub fn lasting(&self) -> impl Iterator<Item = &Path> {
        self.caches.iter().chain(&self.agent_home).map(PathBuf::as_path)
    }

    /// Those of the user's folders in which the agent writes.
    pub fn writable_mounts(&self) -> impl Iterator<Item = &UserMount> {
        self.mounts.iter().filter(|mount| mount.writable)
    }

    /// The agent program that runs: the command may be one by its name.
    pub fn agent_inside(&self) -> Option<Agent> {
        match self.command.first() {
            Some(program) if self.mode != Mode::SignIn => Agent::of_program(program),
            _ => Some(self.agent),
        }
    }

    /// The agent program, or the command in its place.
    pub fn agent_shown(&self) -> String {
        match self.command.as_slice() {
            [] if self.mode == Mode::Shell => "shell".to_owned(),
            [] => self.agent.program().to_owned(),
            [program, rest @ ..] => Cmd::new(program).args(rest).to_string(),
        }
    }
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
    /// The files that both the work and its target have changed, at the last try to merge it.
    #[serde(default)]
    pub conflicts: Vec<Conflict>,
    /// The last trial of what its target would be.
    #[serde(default)]
    pub check: Option<Check>,
    /// The run that tries it again.
    #[serde(default)]
    pub retried_by: Option<String>,
    /// What whoever stopped it has to say to the next.
    #[serde(default)]
    pub stop_message: Option<String>,
    /// The target that the run was begun for, where the user has named another since.
    #[serde(default)]
    pub first_target: Option<String>,
    /// Why the state or the outcome is what it is, for people.
    pub reason: Option<String>,
    /// How the checkout was when the agent got it; `None` until git is prepared.
    pub start: Option<Start>,
    pub collected: Option<Collected>,
    /// The files of the work that programs of the host run or obey.
    pub handed_over: Vec<HandOff>,
    /// What is nowhere else than with the run, beside its work.
    #[serde(default)]
    pub kept: Vec<Kept>,
    /// The container could not be removed without sudo's password.
    pub needs_sudo: bool,
    /// Why it could not be removed otherwise.
    #[serde(default)]
    pub unremoved: Option<String>,
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
            conflicts: Vec::new(),
            check: None,
            retried_by: None,
            stop_message: None,
            first_target: None,
            reason: None,
            start: None,
            collected: None,
            handed_over: Vec::new(),
            kept: Vec::new(),
            needs_sudo: false,
            unremoved: None,
        }
    }

    /// Reads the record; where it is damaged, the one before it, from which every step can be taken again.
    pub fn load(folder: &Folder) -> Result<Self, RunError> {
        match Self::read(folder.record()) {
            Err(damage @ RunError::Damaged { .. }) => Self::read(folder.record_before()).map_err(|_| damage),
            other => other,
        }
    }

    pub(super) fn read(path: PathBuf) -> Result<Self, RunError> {
        let bytes = fs::read(&path).map_err(|source| RunError::io("read", &path, source))?;
        let damaged = |source| RunError::Damaged { path: path.clone(), source };
        let format = serde_json::from_slice::<Format>(&bytes).map_err(damaged)?.format;
        if format > FORMAT {
            return Err(RunError::Newer { path, format, known: FORMAT });
        }
        match format {
            ..FORMAT => format_1::as_2(&bytes).and_then(serde_json::from_value),
            _ => serde_json::from_slice(&bytes),
        }
        .map_err(damaged)
    }

    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The run as the rooms of git know it; `None` until git is prepared.
    pub fn git(&self, folder: &Folder) -> Option<RunGit> {
        let (spec, start) = (&self.spec, self.start.clone()?);
        let (run, folder) = (spec.name.clone(), folder.path().to_owned());
        let (checkout, target) = (spec.checkout.clone(), spec.target.clone());
        Some(RunGit { run, folder, checkout, target, start, submodule: None })
    }

    /// Whether the agent's repository is still there, with what could not be taken over.
    pub fn keeps_rest(&self, folder: &Folder) -> bool {
        let complete = self.collected.as_ref().is_none_or(|collected| collected.complete);
        !complete && self.git(folder).is_some_and(|git| git.private().exists())
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}
