//! What can be wrong where an agent has written.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Explain;

#[derive(Debug, thiserror::Error)]
pub enum UntrustedError {
    #[error("{path} contains more than {limit}sockets, and bn can hide no more from the agent")]
    TooManySockets { path: PathBuf, limit: usize },
    #[error("{path} cannot be trusted: {reason}")]
    Hostile { path: PathBuf, reason: String },
    #[error("cannot {what} {path}")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
}

impl UntrustedError {
    /// For `map_err`: names what was being done to which path.
    pub fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

impl Explain for UntrustedError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::TooManySockets { .. } => {
                vec!["there, find . -type s lists them: delete those on which nobody listens".to_owned()]
            }
            Self::Hostile { .. } => vec!["the files in the worktree are as the agent left them".to_owned()],
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                vec!["free some space; df -h shows where".to_owned()]
            }
            Self::Io { .. } => Vec::new(),
        }
    }
}
