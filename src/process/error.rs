//! What can go wrong with a program that is to be run.

use std::io;
use std::process::{Command, ExitStatus};

use crate::error::Explain;
use crate::process::Cmd;
use crate::process::sudo::Refusal;

#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("{program} not found")]
    NotFound { program: String },
    #[error("cannot start {program}")]
    Start { program: String, source: io::Error },
    #[error("{program} failed ({status}): {stderr}", stderr = last_line(.stderr))]
    Failed { program: String, line: String, status: ExitStatus, stderr: String },
    #[error("sudo refused to run {program}: {stderr}", stderr = last_line(.stderr))]
    Sudo { program: String, refusal: Refusal, stderr: String },
    #[error("{program} was not done after {seconds} s, and was stopped")]
    Slow { program: String, line: String, seconds: u64 },
    #[error("lost contact with {program}")]
    Stream { program: String, source: io::Error },
}

impl Explain for ProcessError {
    fn hints(&self) -> Vec<String> {
        match self {
            ProcessError::NotFound { program } => crate::process::install::hints(program),
            ProcessError::Failed { line, .. } | ProcessError::Slow { line, .. } => {
                vec![format!("the command was: {line}")]
            }
            ProcessError::Sudo { program, .. } => vec![
                "run `sudo -v` in this terminal, then the same command again".to_owned(),
                format!("or let it not ask, in sudoers: NOPASSWD: /usr/bin/{program}"),
            ],
            ProcessError::Start { .. } | ProcessError::Stream { .. } => Vec::new(),
        }
    }
}

/// The line of a program's complaint that says most: its last one.
pub fn last_line(stderr: &str) -> &str {
    stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim()
}

pub(super) fn start_error(command: &Command, source: io::Error) -> ProcessError {
    let program = command.get_program().to_string_lossy().into_owned();
    let folder_is_gone = command.get_current_dir().is_some_and(|folder| !folder.exists());
    match source.kind() {
        io::ErrorKind::NotFound if !folder_is_gone => ProcessError::NotFound { program },
        _ => ProcessError::Start { program, source },
    }
}

/// The error for a command that ended badly.
pub(super) fn failed(cmd: &Cmd, status: ExitStatus, stderr: String) -> ProcessError {
    ProcessError::Failed { program: cmd.name(), line: cmd.to_string(), status, stderr }
}
