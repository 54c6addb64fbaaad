//! Real repositories for tests, and an agent's side that is played by plain git.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::Explain;
use crate::git::collect::collected::Collected;
use crate::git::collect::take_over::collect;
use crate::git::collect::unpacked::Size;
use crate::git::host::checkout::Checkout;
use crate::git::host::target::Target;
use crate::git::host::{Git, GitError, checkout, target};
use crate::git::merge::fast_forward::{MergeOutcome, merge};
use crate::git::private::RunGit;
use crate::git::private::hooks::Inside;
use crate::git::private::mounts::GitMount;
use crate::git::private::prepare::{Request, lay};
use crate::git::private::ways::Ways;
use crate::process::{Cmd, Runner};
use crate::untrusted::tree::Tree;

/// Host git with a home of its own.
pub fn git(home: &Path) -> Git {
    Git::new(Runner::ordinary()).with_env("HOME", home).with_env("GIT_CONFIG_NOSYSTEM", "1")
}

/// Collects with nothing that is remembered of the worktree.
pub fn collect_of(git: &Git, run: &RunGit, size: Size) -> Result<Collected, GitError> {
    collect(git, run, &Tree::unremembered(&run.checkout.worktree), size)
}

/// A run whose git is prepared, as if its container had started.
#[derive(Debug)]
pub struct Prepared {
    pub git: RunGit,
    pub mounts: Vec<GitMount>,
    pub notes: Vec<String>,
}

/// Lays and fills it.
pub fn prepare(git: &Git, request: Request<'_>) -> Result<Prepared, GitError> {
    let laid = lay(git, request)?;
    let mounts = laid.mounts.clone();
    let uncommitted = laid.ask(git)?;
    let (run, notes) = laid.fill(git, uncommitted)?;
    Ok(Prepared { git: run, mounts, notes })
}

/// In tests a run is known by what its preparation returned.
impl std::ops::Deref for Prepared {
    type Target = RunGit;

    fn deref(&self) -> &RunGit {
        &self.git
    }
}

/// A temp folder with a home and repositories, as a user would have them.
pub struct Bench {
    folder: TempDir,
    pub git: Git,
}

impl Bench {
    /// Nothing but a home with a name and an email.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap().join("home");
        fs::create_dir(&home).unwrap();
        fs::write(
            home.join(".gitconfig"),
            "[user]\nname = Ann\nemail = ann@example.org\n[init]\ndefaultBranch = main\n",
        )
        .unwrap();
        Self { folder, git: git(&home) }
    }

    /// `repo` on main with one commit, and the linked worktree `agent` on branch agent.
    pub fn linked() -> Self {
        Self::initialised("")
    }

    /// The same with options of `git init`.
    pub fn initialised(options: &str) -> Self {
        Self::with_repo(&format!("git init -q {options} repo; cd repo; echo one > file; git add .; git commit -qm one"))
    }

    /// The linked worktree `agent` of the repository `repo`, which `script` makes.
    pub fn with_repo(script: &str) -> Self {
        let bench = Self::empty();
        bench.sh(script);
        bench.sh("git -C repo worktree add -q ../agent -b agent");
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// A shell of the user's in the temp folder; its output. Fails the test where it fails.
    pub fn sh(&self, script: &str) -> String {
        self.shell(script, &self.path(""), &self.path("home"), &[])
    }

    fn shell(&self, script: &str, folder: &Path, home: &Path, env: &[(&str, &Path)]) -> String {
        let mut cmd = Cmd::new("sh").args(["-ec", script]).directory(folder).without_env("GIT_");
        cmd = cmd.env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        for (key, value) in env {
            cmd = cmd.env(*key, *value);
        }
        let captured = Runner::ordinary().capture(&cmd).unwrap();
        assert!(captured.success(), "{script}\n{}\n{}", captured.text(), captured.stderr);
        captured.text()
    }

    pub fn prepare(&self, worktree: &str) -> Prepared {
        self.try_prepare(worktree, "run-1").unwrap()
    }

    pub fn try_prepare(&self, worktree: &str, name: &str) -> Result<Prepared, GitError> {
        let checkout = checkout::resolve(&self.git, &self.path(worktree))?;
        let target = target::resolve(&self.git, &checkout.repository(), None)?;
        self.prepare_as(name, &checkout, &target, Inside::Run)
    }

    pub fn prepare_as(
        &self,
        run: &str,
        checkout: &Checkout,
        target: &Target,
        hooks: Inside,
    ) -> Result<Prepared, GitError> {
        let (folder, head) = (self.path("runs").join(run), checkout.head.clone());
        let tree = &Tree::unremembered(&checkout.worktree);
        prepare(&self.git, Request { run, folder: &folder, checkout, target, head, hooks, ways: Ways::default(), tree })
    }

    /// The agent's shell in its worktree, with git as the container sets it up.
    pub fn agent(&self, run: &RunGit, script: &str) -> String {
        let home = self.path("agent-home");
        fs::create_dir_all(&home).unwrap();
        let config =
            format!("[safe]\ndirectory = *\n[url \"{}\"]\ninsteadOf = /run/binnacle/host\n", run.view().display());
        fs::write(home.join(".gitconfig"), config).unwrap();
        let worktree = &run.checkout.worktree;
        let env = [("GIT_DIR", &*run.private()), ("GIT_WORK_TREE", worktree)];
        self.shell(script, worktree, &home, &env)
    }

    pub fn collect(&self, run: &RunGit) -> Collected {
        collect_of(&self.git, run, Size::Usual).unwrap()
    }

    pub fn merge(&self, run: &RunGit, collected: &Collected) -> MergeOutcome {
        merge(&self.git, run, collected).unwrap()
    }

    /// Whether a checkout can be given to an agent; its error as the user reads it, hints included.
    pub fn refusal(&self, worktree: &str) -> String {
        match checkout::resolve(&self.git, &self.path(worktree)) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => {
                format!("{error}\n{}", error.hints().join("\n")).replace(&*self.path("").to_string_lossy(), "/T/")
            }
        }
    }

    /// Prepare, the agent's script, collect, merge: how it came out.
    pub fn run(&self, worktree: &str, script: &str) -> (Prepared, Collected, MergeOutcome) {
        let run = self.prepare(worktree);
        self.agent(&run, script);
        let collected = self.collect(&run);
        let outcome = self.merge(&run, &collected);
        (run, collected, outcome)
    }

    /// The user's own view of a checkout: nothing changed, nothing new.
    pub fn clean(&self, worktree: &str) -> bool {
        self.sh(&format!("git -C '{worktree}' status --porcelain")).is_empty()
    }
}
