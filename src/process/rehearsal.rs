//! A run of `bn` in which no program is started that would change anything.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Mutex, PoisonError};

use crate::process::Captured;
use crate::process::cmd::{Cmd, Rehearsed};

/// The programs of a rehearsal: those that only read are started, of the others it is assumed that they succeed.
#[derive(Debug)]
pub(super) struct Rehearsal {
    /// Folders of the rehearsal, and those that they stand for.
    moved: Vec<(PathBuf, PathBuf)>,
    lines: Mutex<Vec<String>>,
}

impl Rehearsal {
    pub fn new(moved: Vec<(PathBuf, PathBuf)>) -> Self {
        Self { moved, lines: Mutex::default() }
    }

    /// The command as a real run would start it.
    pub fn real(&self, cmd: &Cmd) -> Cmd {
        self.moved.iter().fold(cmd.clone(), |cmd, (from, to)| cmd.moved(from, to))
    }

    /// Notes a line.
    pub fn note(&self, line: String) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// The lines so far, which are not returned again.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a command that is not started is assumed to leave behind. `None` for one that is started.
pub(super) fn assumed(cmd: &Cmd) -> Option<Captured> {
    match &cmd.rehearsed {
        Rehearsed::Run if !cmd.as_root => None,
        Rehearsed::Run => Some(success("")),
        Rehearsed::Assume(text) => Some(success(text)),
    }
}

pub(super) fn success(text: &str) -> Captured {
    Captured { status: ExitStatus::from_raw(0), stdout: text.as_bytes().to_vec(), stderr: String::new() }
}
