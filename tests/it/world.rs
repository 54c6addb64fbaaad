//! A machine for one test: a home, a repository, a PATH with nothing on it but what the test puts there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program;

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// What a fake buildah does to say which image it built.
pub const WRITE_ID: &str = r#"while [ "$1" != --iidfile ]; do shift; done; echo sha256:4711 > "$2""#;

pub struct World {
    folder: tempfile::TempDir,
    /// A containerd that lets everybody in; it never has to say anything.
    _socket: UnixListener,
}

impl World {
    /// A machine on which all programs are there and do as they should.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bin", "home", "repo", "run"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let socket = UnixListener::bind(folder.path().join("containerd.sock")).unwrap();
        let world = Self { folder, _socket: socket };
        symlink(which("git"), world.path("bin/git")).unwrap();
        world.fake("ctr", CTR);
        world.fake("buildah", "exit 0");
        world.fake("tar", "exit 0");
        world.fake("runc", "exit 0");
        world.fake("sudo", SUDO);
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        world.git(&[
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@example.org",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "first",
        ]);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    /// Puts a program on PATH that notes how it was called, and then does this.
    pub fn fake(&self, name: &str, body: &str) {
        let path = self.path("bin").join(name);
        let calls = self.path("calls");
        let text = format!("#!/bin/sh\necho \"{name} $*\" >> {}\n{body}\n", calls.display());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path("bin").join(name)).unwrap();
    }

    /// How the fakes were called, a line each.
    pub fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    pub fn git(&self, args: &[&str]) {
        let status = Command::new(which("git")).args(args).current_dir(self.repo()).status().unwrap();
        assert!(status.success(), "git {args:?}");
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program::bn());
        command
            .args(args)
            .current_dir(self.repo())
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("CONTAINERD_ADDRESS", self.path("containerd.sock"));
        command
    }

    pub fn bn(&self, args: &[&str]) -> Answer {
        answer(&mut self.command(args))
    }

    /// Everything below a folder, to see that nothing was left behind.
    pub fn files_below(&self, name: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.path(name), &mut found);
        found
    }

    /// The test's own folder, cut out of an answer.
    pub fn neutral(&self, text: &str) -> String {
        text.replace(&*self.folder.path().to_string_lossy(), "[WORLD]")
    }
}

pub fn answer(command: &mut Command) -> Answer {
    let output = command.output().unwrap();
    Answer {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap_or(-1),
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), found);
        }
    }
}

fn which(program: &str) -> PathBuf {
    which::which(program).unwrap()
}

/// A containerd that has every image and no containers.
const CTR: &str = r#"
case "$*" in
  *"run --help"*) echo "   --mount value" ;;
  *"images ls -q name=="*) echo "${10#name==}" ;;
  *"tasks ls"*) echo "TASK    PID    STATUS" ;;
esac
exit 0"#;

/// sudo that never asks.
const SUDO: &str = r#"
while [ "${1#-}" != "$1" ]; do shift; done
exec "$@""#;
