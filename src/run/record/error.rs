//! What can go wrong in the life of a run.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Explain, FAILED, Failure, NOT_MERGED};
use crate::near::is_slip;

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("cannot {what} {path}: {source}")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{path} is damaged")]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error("{path} was written by a newer bn (format {format}, this one knows {known})")]
    Newer { path: PathBuf, format: u32, known: u32 },
    #[error("no run is called {name}")]
    Unknown { name: String, known: Vec<String> },
    #[error("{name} could be several runs: {}", names.join(", "))]
    Ambiguous { name: String, names: Vec<String> },
    #[error("{name} {why}")]
    NameInUse { name: String, why: &'static str, hint: String },
    /// Nobody said that the work of an agent that failed is wanted.
    #[error("the work of {name} is not merged without your consent: {how}")]
    Doubtful { name: String, how: String, look: String },
    #[error("{worktree} is in use by the run {name}, which is {state}")]
    WorktreeInUse { worktree: PathBuf, name: String, state: String, hint: String },
    #[error("the branch {branch} is in use by the run {name}")]
    BranchInUse { branch: String, name: String, hint: String },
    #[error("the record of the run {name} cannot be read: {path}")]
    Unreadable { name: String, path: PathBuf, running: bool },
    #[error("{name} has no running agent beside which a program could be started")]
    NotRunning { name: String },
    #[error("{name} is paused, and no program starts in it")]
    Paused { name: String },
    #[error("the repository {place} in which {name} worked is gone, or another one is there now")]
    Orphaned { name: String, place: PathBuf },
    #[error("the check of {name} was stopped, and everything is as it was")]
    CheckStopped { name: String },
    #[error("{name} is still {state}")]
    StillOwned { name: String, state: String },
    #[error("the container was not ready within {seconds} s")]
    NotReady { seconds: u64 },
    #[error("the container ended before its agent was started: {reason}")]
    EndedEarly { reason: String },
    #[error("the supervisor of {name} ended at once; it last printed: {log}")]
    OwnerDied { name: String, log: String },
    /// The agent has ended, and a step after that failed. `merged` names the branch that has its commits already.
    #[error("the agent has ended, and its run {name} could not be finished")]
    Unfinished { name: String, merged: Option<String>, source: Failure },
}

impl RunError {
    pub fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), source }
    }
}

impl Explain for RunError {
    fn exit_code(&self) -> u8 {
        match self {
            // As for all other work that could not go to its target.
            RunError::Doubtful { .. } => NOT_MERGED,
            RunError::CheckStopped { .. } => 130,
            _ => FAILED,
        }
    }

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
            RunError::Unknown { name, known } => {
                let meant = known.iter().filter(|known| is_slip(name, known)).map(|one| format!("you may mean: {one}"));
                meant.chain([format!("there are: {}", known.join(", "))]).collect()
            }
            RunError::Ambiguous { .. } => vec!["type more of the name".to_owned()],
            RunError::NameInUse { hint, .. }
            | RunError::WorktreeInUse { hint, .. }
            | RunError::BranchInUse { hint, .. } => vec![hint.clone()],
            RunError::Doubtful { name, look, .. } => vec![
                format!("look at it: {look}"),
                format!("then, to merge it all the same: bn container merge {name} --yes"),
            ],
            RunError::CheckStopped { name } => {
                vec![format!("the same again checks it, and merges it: bn container merge {name} …")]
            }
            RunError::NotRunning { name } => vec![
                format!("what became of it: bn container inspect {name}"),
                "what runs: bn container list".to_owned(),
            ],
            RunError::Paused { name } => vec![format!("let it go on: bn container resume {name}")],
            RunError::Unreadable { name, running: true, .. } => vec![format!("end it: bn container stop {name}")],
            RunError::Unreadable { name, .. } => vec![format!("give it up: bn container discard {name}")],
            RunError::Orphaned { name, .. } => vec![
                format!("put it back where it was, then: bn container merge {name}"),
                format!("or give the run up, a copy is kept: bn container discard {name}"),
            ],
            RunError::StillOwned { name, .. } => {
                vec![format!("wait for it, or: bn container stop {name}")]
            }
            RunError::NotReady { .. } => {
                vec!["look at what it printed: bn container logs NAME".to_owned()]
            }
            RunError::OwnerDied { name, .. } => vec![format!("take it over: bn container merge {name}")],
            RunError::Unfinished { name, merged, source } => {
                let again = match merged {
                    Some(target) => format!(
                        "what the agent committed is on {target}; to finish the rest: bn container merge {name}"
                    ),
                    None => format!(
                        "what the agent committed is kept; then: bn container merge {name}, or give it up: bn container discard {name}"
                    ),
                };
                source.hints().into_iter().chain([again]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_answered_with_the_one_that_was_meant() {
        let known = ["agent-1", "fix-parser"].map(str::to_owned);
        let hints = |name: &str| RunError::Unknown { name: name.to_owned(), known: known.to_vec() }.hints();
        assert_eq!(hints("fix-praser"), ["you may mean: fix-parser", "there are: agent-1, fix-parser"]);
        assert_eq!(hints("nobody"), ["there are: agent-1, fix-parser"]);
    }
}
