//! A run that goes on while the test does something else.

use std::fs;
use std::path::PathBuf;
use std::process::Child;

use crate::world::{Answer, answer, wait_for};

/// What a script does to meet the test: it says that it has come this far, and goes on when the test has seen it.
pub const MEET: &str = "touch ready; until [ -e go ]; do sleep 0.05; done; rm ready go";

/// `bn container run`, in the foreground of nobody. Killed when the test ends before it does.
pub struct Running {
    child: Option<Child>,
    worktree: PathBuf,
}

impl Running {
    pub fn new(child: Child, worktree: PathBuf) -> Self {
        Self { child: Some(child), worktree }
    }

    pub fn pid(&self) -> i32 {
        self.child.as_ref().unwrap().id().try_into().unwrap()
    }

    /// Waits until the script is at `MEET`.
    #[track_caller]
    pub fn meet(&self) {
        let ready = self.worktree.join("ready");
        wait_for("the script to be ready", || ready.exists());
    }

    /// Lets it go on from there, and returns what `bn` answered in the end.
    pub fn go_on(self) -> Answer {
        fs::write(self.worktree.join("go"), "").unwrap();
        self.end()
    }

    /// What `bn` answered in the end.
    pub fn end(mut self) -> Answer {
        answer(self.child.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
