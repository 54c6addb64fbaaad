//! A run that goes on while the test does something else.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::world::{Answer, answer, wait_for};

/// What a script does to meet the test: it says that it has come this far, and goes on when the test has seen it.
pub const MEET: &str = "touch ready; until [ -e go ]; do sleep 0.05; done; rm ready go";

/// What was said until now.
#[derive(Default)]
pub struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    pub fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

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

    /// What `bn` writes on standard error, while it does.
    pub fn stderr(&mut self) -> Said {
        let mut stderr = self.child.as_mut().unwrap().stderr.take().unwrap();
        let said = Said::default();
        let heard = Arc::clone(&said.0);
        thread::spawn(move || {
            let mut block = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut block) {
                heard.lock().unwrap().extend_from_slice(&block[..count]);
            }
        });
        said
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
