//! A user with a repository and a worktree, on a machine with a private containerd.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::json_schema;
use crate::program;
use crate::running::Running;

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
    /// Somebody whose sudo asks for a password.
    Password,
}

impl User {
    /// What the password is where sudo asks for it.
    pub const PASSWORD: &str = "bn-test";

    /// The login name, where it is another than that of whoever runs the tests.
    pub fn login(self) -> Option<&'static str> {
        match self {
            User::Me => None,
            User::Passwordless => Some("bn-test-nopass"),
            User::Password => Some("bn-test-pass"),
        }
    }
}

pub struct World {
    folder: tempfile::TempDir,
    pub user: User,
}

impl World {
    /// A repository with one commit on `main`, and the worktree `agent-1` beside it.
    pub fn new() -> Self {
        Self::of(User::Me)
    }

    /// The world of a user other than the one who runs the tests. Only root can play another; a user among the testers
    /// tries in `new` what is tried here.
    pub fn of_other(user: User) -> Option<Self> {
        rustix::process::geteuid().is_root().then(|| Self::of(user))
    }

    /// A world of that user, or of the one who runs the tests, where that is not root.
    pub fn of(user: User) -> Self {
        let user = if rustix::process::geteuid().is_root() { user } else { User::Me };
        let folder = tempfile::Builder::new().prefix("bn-real-").tempdir().unwrap();
        let world = Self { folder, user };
        if let Some(login) = user.login() {
            run(Command::new("chown").arg(format!("{login}:")).arg(world.root()));
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
        let mut command = match self.user.login() {
            None => Command::new(program),
            Some(login) => {
                let mut command = Command::new("setpriv");
                let ids = [format!("--reuid={login}"), format!("--regid={login}")];
                command.args(ids).args(["--init-groups", "--", program]);
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
    pub fn bn_command(&self, args: &[impl AsRef<OsStr>]) -> Command {
        let mut command = self.program(program::bn().to_str().unwrap());
        command.args(args).current_dir(self.path("repo"));
        command
    }

    pub fn bn(&self, args: &[impl AsRef<OsStr>]) -> Answer {
        let answer = answer(self.bn_command(args).output().unwrap());
        let words: Vec<_> = args.iter().map(|word| word.as_ref().to_string_lossy()).collect();
        json_schema::compare(&words, &answer.stdout, &answer.stderr);
        answer
    }

    /// A name for a run that no other world gives.
    pub fn name(&self, what: &str) -> String {
        let folder = self.root().file_name().unwrap().to_string_lossy();
        format!("{what}-{}", folder.trim_start_matches("bn-real-"))
    }

    /// The name of the run in a world that has one run.
    pub fn job(&self) -> String {
        self.name("job")
    }

    /// Runs a script as the agent in `agent-1`.
    pub fn agent(&self, options: &[&str], script: &str) -> Answer {
        self.bn(&run_line("../agent-1", options, script))
    }

    /// The same under the name `job`.
    pub fn run(&self, script: &str) -> Answer {
        self.agent(&["--name", &self.job()], script)
    }

    /// The same in another checkout.
    pub fn run_in(&self, worktree: &str, script: &str) -> Answer {
        self.bn(&run_line(worktree, &["--name", &self.job()], script))
    }

    /// Starts a run that goes on while the test does something else.
    pub fn start(&self, options: &[&str], script: &str) -> Running {
        self.start_doomed(options, script, "")
    }

    /// The same, with a `bn` that dies when it comes to the point.
    pub fn start_doomed(&self, options: &[&str], script: &str, point: &str) -> Running {
        let mut command = self.bn_command(&run_line("../agent-1", options, script));
        command.env("BN_FAILPOINT", point).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::new(command.spawn().unwrap(), self.path("agent-1"))
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
    /// The repository that has a run's refs.
    pub fn kept_folder(&self, name: &str) -> PathBuf {
        let found = self.shell(&format!("find . -path '*/runs/{name}/kept.git'"));
        self.path(found.trim_start_matches("./"))
    }

    /// Git in that repository.
    pub fn kept_of(&self, name: &str, args: &str) -> String {
        self.shell(&format!("git --git-dir={} {args}", self.kept_folder(name).display()))
    }

    pub fn kept(&self, args: &str) -> String {
        self.kept_of(&self.job(), args)
    }

    /// What bn says that shows the work of a run that is not merged.
    pub fn look(&self) -> String {
        let (folder, job) = (self.kept_folder(&self.job()), self.job());
        format!("git --git-dir {} log -p refs/binnacle/runs/{job}/work", folder.display())
    }

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

    /// What became of the work of `job`.
    #[track_caller]
    pub fn outcome(&self) -> String {
        self.row(&self.job())["outcome"].as_str().unwrap_or("none").to_owned()
    }

    /// `bn container merge job`.
    pub fn merge(&self) -> Answer {
        self.bn(&["container", "merge", &self.job()])
    }

    /// The same for an agent that failed.
    pub fn merge_all_the_same(&self) -> Answer {
        self.bn(&["container", "merge", &self.job(), "--yes"])
    }

    /// Whether the target's newest commit is this one.
    #[track_caller]
    pub fn assert_on_main(&self, subject: &str) {
        assert_eq!(self.git("log -1 --format=%s main"), subject);
    }

    /// The texts and the notes of all tasks.
    pub fn tasks(&self) -> String {
        self.bn(&["task", "list", "--all", "--json"]).exits(0).stdout
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

impl Drop for World {
    /// A test that failed leaves no container behind either.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let own = self.name("");
            for id in ctr(&["containers", "ls", "-q"]).lines().filter(|id| id.ends_with(&own)) {
                ctr(&["tasks", "rm", "--force", id]);
                ctr(&["containers", "rm", id]);
            }
        }
    }
}

/// `bn container run` with a script in place of the agent.
pub fn run_line(worktree: &str, options: &[&str], script: &str) -> Vec<String> {
    let image = image();
    let fixed = ["container", "run", "--tag", &image, worktree];
    let line = [&fixed[..], options, &["--", "bash", "-c", script]].concat();
    line.into_iter().map(str::to_owned).collect()
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

/// So many seconds, or more where `BN_TEST_PATIENCE` says how many times slower than a processor of its own the machine is.
pub fn patience(seconds: u64) -> Duration {
    let factor =
        std::env::var("BN_TEST_PATIENCE").map_or(1, |factor| factor.parse().expect("BN_TEST_PATIENCE: a number"));
    Duration::from_secs(seconds * factor)
}

/// Waits for something that has to come within half a minute.
#[track_caller]
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience(30);
    while !done() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
