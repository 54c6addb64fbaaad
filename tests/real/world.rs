//! A user with a repository and a worktree, on a machine with a private containerd.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Answer {
    /// Asserts the exit code, and shows everything where it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}

/// Who types the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// The one who runs the tests.
    Me,
    /// Somebody whose sudo never asks.
    Passwordless,
}

pub struct World {
    folder: tempfile::TempDir,
    user: User,
}

impl World {
    /// A repository with one commit on `main`, and the worktree `agent-1` beside it.
    pub fn new() -> Self {
        Self::of(User::Me)
    }

    pub fn of(user: User) -> Self {
        let folder = tempfile::Builder::new().prefix("bn-real-").tempdir().unwrap();
        let world = Self { folder, user };
        if user == User::Passwordless {
            run(Command::new("chown").arg("bn-test-nopass:").arg(world.root()));
        }
        world.shell("mkdir home run repo && chmod 700 run");
        world.shell(
            "git init -q -b main repo && cd repo && git config user.name Tester && git config user.email t@example.org \
             && echo hello > file && git add file && git commit -q -m first && git worktree add -q ../agent-1 -b agent-1",
        );
        world
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// A name that no other test uses at the same time.
    pub fn unique(&self, stem: &str) -> String {
        let folder = self.root().to_string_lossy().into_owned();
        format!("{stem}-{}", folder.rsplit('-').next().unwrap_or("x"))
    }

    /// A program as the world's user, with that user's environment and nothing else.
    pub fn program(&self, program: &str) -> Command {
        let mut command = match self.user {
            User::Me => Command::new(program),
            User::Passwordless => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=bn-test-nopass", "--regid=bn-test-nopass", "--init-groups", "--", program]);
                command
            }
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("CONTAINERD_ADDRESS", containerd())
            .stdin(Stdio::null());
        command
    }

    /// `bn`, in the main checkout.
    pub fn bn_command(&self, args: &[&str]) -> Command {
        let mut command = self.program(cargo_bin!("bn").to_str().unwrap());
        command.args(args).current_dir(self.path("repo"));
        command
    }

    pub fn bn(&self, args: &[&str]) -> Answer {
        answer(self.bn_command(args).output().unwrap())
    }

    /// Runs a script as the agent in `agent-1`.
    pub fn agent(&self, options: &[&str], script: &str) -> Answer {
        let image = image();
        let fixed = ["container", "run", "--tag", &image, "../agent-1"];
        self.bn(&[&fixed[..], options, &["--", "bash", "-c", script]].concat())
    }

    /// A shell line in the world's folder, which has to succeed; its standard output.
    #[track_caller]
    pub fn shell(&self, line: &str) -> String {
        let output = self.program("bash").args(["-ec", line]).current_dir(self.root()).output().unwrap();
        let found = answer(output).exits(0);
        found.stdout.trim_end().to_owned()
    }

    /// git in the main checkout.
    #[track_caller]
    pub fn git(&self, args: &str) -> String {
        self.shell(&format!("git -C repo {args}"))
    }

    /// The rows of `bn container list --all`.
    pub fn list(&self) -> Vec<serde_json::Value> {
        let listed = self.bn(&["container", "list", "--all", "--json"]).exits(0);
        serde_json::from_str(&listed.stdout).unwrap()
    }

    /// The row of one run.
    #[track_caller]
    pub fn row(&self, name: &str) -> serde_json::Value {
        let rows = self.list();
        rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name} in {rows:#?}")).clone()
    }

    /// Nothing of a run's is left on the machine.
    #[track_caller]
    pub fn assert_nothing_runs(&self, name: &str) {
        let containers = ctr(&["containers", "ls", "-q"]);
        assert!(!containers.lines().any(|line| line == name), "{containers}");
        assert!(!self.path("run/binnacle").join(name).exists(), "secrets are left");
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(name), "a mount is left");
    }
}

/// The address of the private containerd.
pub fn containerd() -> String {
    std::env::var("BN_TEST_CONTAINERD").expect("BN_TEST_CONTAINERD: run scripts/test.sh")
}

/// The image that agents run in.
pub fn image() -> String {
    std::env::var("BN_TEST_IMAGE").expect("BN_TEST_IMAGE: run scripts/test.sh")
}

/// `ctr` as root; its standard output.
pub fn ctr(args: &[&str]) -> String {
    let output = Command::new("sudo").args(["-n", "ctr", "-a", &containerd(), "-n", "binnacle"]).args(args).output();
    answer(output.unwrap()).stdout
}

pub fn answer(output: Output) -> Answer {
    Answer {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// Waits for something that has to come within half a minute.
#[track_caller]
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
