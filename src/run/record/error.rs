//! What can go wrong in the life of a run.

use std::io;
use std::path::{Path, PathBuf};

use crate::egress::ProxyError;
use crate::egress::next_hop::NextHopError;
use crate::egress::rule::RuleError;
use crate::error::{Explain, FAILED};
use crate::git::host::GitError;
use crate::graph::error::GraphError;
use crate::process::ProcessError;
use crate::run::engine::EngineError;
use crate::run::watch::wall::WallError;

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("cannot {what} {path}: {source}")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{path} is damaged")]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error("{path} was written by a newer bn (format {format}, this one knows {known})", known = crate::run::record::run_json::FORMAT)]
    Newer { path: PathBuf, format: u32 },
    #[error("no run is called {name}")]
    Unknown { name: String, known: Vec<String> },
    #[error("the name {name} is in use")]
    NameInUse { name: String, hint: String },
    #[error("{worktree} is in use by the run {name}, which is {state}")]
    WorktreeInUse { worktree: PathBuf, name: String, state: String, hint: String },
    #[error("the branch {branch} is in use by the run {name}")]
    BranchInUse { branch: String, name: String, hint: String },
    #[error("{name} is still {state}")]
    StillOwned { name: String, state: String },
    #[error("the container did not get ready within {seconds} s")]
    NotReady { seconds: u64 },
    #[error("the container ended before its agent was started: {reason}")]
    EndedEarly { reason: String },
    #[error(transparent)]
    Wall(#[from] WallError),
    #[error(transparent)]
    Egress(#[from] ProxyError),
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error(transparent)]
    NextHop(#[from] NextHopError),
    #[error("the owner of {name} died at once; its last words: {log}")]
    OwnerDied { name: String, log: String },
    /// The agent has ended, and what it made is not where it was to go yet.
    #[error("the agent has ended, and its run {name} could not be finished")]
    Unfinished { name: String, source: Box<RunError> },
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl RunError {
    pub fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), source }
    }
}

impl Explain for RunError {
    fn hints(&self) -> Vec<String> {
        match self {
            RunError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                vec!["the disk is full: make room".to_owned()]
            }
            RunError::Io { .. } | RunError::Damaged { .. } | RunError::EndedEarly { .. } => Vec::new(),
            RunError::Newer { .. } => vec!["use the newer bn".to_owned()],
            RunError::Unknown { known, .. } if known.is_empty() => {
                vec!["look for it: bn container list --all".to_owned()]
            }
            RunError::Unknown { known, .. } => vec![format!("there are: {}", known.join(", "))],
            RunError::NameInUse { hint, .. }
            | RunError::WorktreeInUse { hint, .. }
            | RunError::BranchInUse { hint, .. } => vec![hint.clone()],
            RunError::StillOwned { name, .. } => {
                vec![format!("wait for it, or: bn container stop {name}")]
            }
            RunError::NotReady { .. } => {
                vec!["look at what it printed: bn container logs NAME".to_owned()]
            }
            RunError::OwnerDied { name, .. } => vec![format!("take it over: bn container merge {name}")],
            RunError::Unfinished { name, source } => {
                let again = format!("what the agent committed is kept; then: bn container merge {name}");
                source.hints().into_iter().chain([again]).collect()
            }
            RunError::Wall(error) => error.hints(),
            RunError::Egress(error) => error.hints(),
            RunError::Rule(error) => error.hints(),
            RunError::NextHop(error) => error.hints(),
            RunError::Engine(error) => error.hints(),
            RunError::Process(error) => error.hints(),
            RunError::Git(error) => error.hints(),
            RunError::Graph(error) => error.hints(),
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            RunError::Rule(error) => error.exit_code(),
            _ => FAILED,
        }
    }
}
