//! A terminal with a shell in it, in which a test types as a person would.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::program;
use crate::world::{World, patience};

/// A pane of a tmux of its own; closed with its value.
pub struct Screen {
    /// Where its socket is.
    folder: tempfile::TempDir,
}

impl Screen {
    /// A shell of the world's user in the main checkout, with `bn` on its PATH.
    pub fn of(world: &World) -> Self {
        let screen = Self { folder: tempfile::tempdir().unwrap() };
        let shell = world.program("bash");
        let mut line = vec!["env".to_owned(), "-i".to_owned(), "TERM=screen".to_owned(), "PS1=$ ".to_owned()];
        let text = |value: &std::ffi::OsStr| value.to_str().unwrap().to_owned();
        for (key, value) in shell.get_envs() {
            line.push(format!("{}={}", text(key), text(value.unwrap())));
        }
        let folder = program::bn().parent().unwrap();
        line.push(format!("PATH={}:{}", folder.display(), std::env::var("PATH").unwrap()));
        line.extend(std::iter::once(shell.get_program()).chain(shell.get_args()).map(text));
        line.extend(["--norc", "--noprofile", "-i"].map(str::to_owned));
        let mut tmux = screen.tmux();
        tmux.args(["-f", "/dev/null", "new-session", "-d", "-s", "pane", "-x", "150", "-y", "40", "-c"]);
        let opened = tmux.arg(world.path("repo")).arg("--").args(line).output().unwrap();
        assert!(opened.status.success(), "{opened:?}");
        screen.waits_for("$");
        screen
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.arg("-u").arg("-S").arg(self.folder.path().join("tmux")).env_remove("TMUX");
        tmux
    }

    fn does(&self, args: &[&str]) -> Output {
        let output = self.tmux().args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        output
    }

    /// A line, and Enter.
    pub fn types(&self, line: &str) {
        self.does(&["send-keys", "-t", "pane", "-l", line]);
        self.presses("Enter");
    }

    /// A key by its tmux name, such as `C-c`.
    pub fn presses(&self, key: &str) {
        self.does(&["send-keys", "-t", "pane", key]);
    }

    pub fn resizes(&self, columns: u16, rows: u16) {
        self.does(&["resize-window", "-t", "pane", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// The window is closed: what runs in it is hung up on.
    pub fn closes(&self) {
        self.does(&["kill-session", "-t", "pane"]);
    }

    /// What is on the screen, and has scrolled off it; lines that were wrapped are one.
    pub fn text(&self) -> String {
        let output = self.does(&["capture-pane", "-p", "-J", "-S", "-", "-t", "pane"]);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Writes every byte that comes to this pane from now on into a file.
    pub fn is_written_to(&self, file: &Path) {
        self.does(&["pipe-pane", "-t", "pane", &format!("cat > '{}'", file.display())]);
    }

    /// What a program in the pane said that its window is called.
    pub fn title(&self) -> String {
        let output = self.does(&["display-message", "-p", "-t", "pane", "#{pane_title}"]);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// From here on each byte that the terminal gets.
    pub fn records(&self) {
        let file = self.folder.path().join("bytes");
        self.does(&["pipe-pane", "-t", "pane", &format!("cat > {}", file.display())]);
    }

    pub fn recorded(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.path().join("bytes")).unwrap()).into_owned()
    }

    #[track_caller]
    pub fn waits_for(&self, text: &str) {
        let deadline = Instant::now() + patience(30);
        while !self.text().contains(text) {
            assert!(Instant::now() < deadline, "no {text:?} in:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.tmux().arg("kill-server").output().ok();
    }
}
