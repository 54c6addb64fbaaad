//! The files of a run, by name.

use std::path::{Path, PathBuf};

/// A run's own folder, `runs/<name>/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What is known of the run.
    pub fn record(&self) -> PathBuf {
        self.0.join("run.json")
    }

    /// What was known before the last step: what counts where `run.json` is damaged.
    pub fn record_before(&self) -> PathBuf {
        self.0.join("run.json.before")
    }

    /// The commits of a run that was given up.
    pub fn bundle(&self) -> PathBuf {
        self.0.join("commits.bundle")
    }

    /// The lock that the owner of the run holds.
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Where `ctr` writes the number of the container's first process, before it starts it.
    pub fn pid(&self) -> PathBuf {
        self.0.join("pid")
    }

    /// What the agent printed.
    pub fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// When it printed that.
    pub fn log_times(&self) -> PathBuf {
        self.0.join("log.times")
    }

    /// What is made for a check of its work, and goes with that.
    pub fn check(&self) -> PathBuf {
        self.0.join("check")
    }

    /// The run in which its work is checked.
    pub fn check_run(&self) -> Self {
        Self(self.check().join("runs/check"))
    }

    /// What the last check printed, once it has ended.
    pub fn check_log(&self) -> PathBuf {
        self.0.join("check.log")
    }

    /// The last of what was shown on the run's own screen.
    pub fn screen(&self) -> PathBuf {
        self.0.join("screen")
    }

    /// What the owner of a detached run printed.
    pub fn owner_log(&self) -> PathBuf {
        self.0.join("owner.log")
    }

    /// Which ports of the host lead into the container.
    pub fn ports(&self) -> PathBuf {
        self.0.join("ports.json")
    }

    /// Written in the container, read here as what a stranger wrote.
    pub fn status(&self) -> PathBuf {
        self.0.join("status")
    }

    /// Pipes by which the host speaks to the entrypoint.
    pub fn control(&self) -> PathBuf {
        self.0.join("ctl")
    }

    /// The list of files in the worktree that programs of the host obey unasked, as it was before the agent.
    pub fn loose_before(&self) -> PathBuf {
        self.0.join("lay-before.json")
    }

    /// Small files that stand over the image's: hosts, hostname, the seccomp profile.
    pub fn etc(&self) -> PathBuf {
        self.0.join("etc")
    }

    /// The seccomp profile that the container gets.
    pub fn seccomp(&self) -> PathBuf {
        self.etc().join("seccomp.json")
    }

    /// There once somebody asked for the run to be stopped.
    pub fn stop_request(&self) -> PathBuf {
        self.0.join("stop")
    }
}
