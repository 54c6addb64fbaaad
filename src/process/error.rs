//! What can go wrong with a program that is to be run.

use std::io;
use std::process::{Command, ExitStatus};

use crate::error::Explain;
use crate::process::sudo::Refusal;
use crate::process::{Captured, Cmd};

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
            ProcessError::Start { source, .. } | ProcessError::Stream { source, .. } => no_more_processes(source),
        }
    }
}

/// What to look at where the kernel starts no process and no thread for this user any more.
fn no_more_processes(source: &io::Error) -> Vec<String> {
    let refused = source.kind() == io::ErrorKind::WouldBlock;
    let hint = "you have as many processes as you may: `ulimit -u` and, with systemd, TasksMax of your session (systemctl status) say how many";
    refused.then(|| hint.to_owned()).into_iter().collect()
}

/// The error for a program that broke down because it could start no process or thread of its own.
pub(super) fn starved(cmd: &Cmd, captured: &Captured) -> Option<ProcessError> {
    let signs = ["pthread_create failed: Resource temp", "failed to create new OS thread", "fork: Resource temp"];
    let starved = !captured.success() && signs.iter().any(|sign| captured.stderr.contains(sign));
    let source = || io::Error::from_raw_os_error(rustix::io::Errno::AGAIN.raw_os_error());
    starved.then(|| ProcessError::Start { program: cmd.name(), source: source() })
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
