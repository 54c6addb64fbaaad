//! The words for where a run stands. Every one of them is what `list` shows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a run has come. Written before the step that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Preparing,
    Starting,
    Running,
    Collecting,
    StartFailed,
    CollectFailed,
    Ended,
}

impl State {
    /// Whether a living owner is needed to go on from here.
    pub fn is_open(self) -> bool {
        matches!(self, State::Preparing | State::Starting | State::Running | State::Collecting)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Preparing => "preparing",
            State::Starting => "starting",
            State::Running => "running",
            State::Collecting => "collecting",
            State::StartFailed => "start-failed",
            State::CollectFailed => "collect-failed",
            State::Ended => "ended",
        })
    }
}

/// Why the agent is no longer running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    Exited {
        code: u8,
        out_of_memory: bool,
    },
    /// What was to be done before the agent failed: it was not started.
    SetUpFailed {
        code: u8,
    },
    Stopped {
        code: u8,
    },
    TimedOut,
    /// bn ended it: it wrote more to disk than it may, or hardly anything was left.
    OutOfDisk {
        almost_full: bool,
    },
    /// It ended while nobody watched, and left no exit code.
    Lost,
}

impl Ending {
    /// Whether the agent finished by itself and said that all went well.
    pub fn is_success(self) -> bool {
        matches!(self, Ending::Exited { code: 0, .. })
    }

    /// Whether the agent did not finish its work by itself. A user who stopped it knows that.
    pub fn is_doubtful(self) -> bool {
        match self {
            Ending::Exited { code, .. } => code != 0,
            Ending::TimedOut | Ending::OutOfDisk { .. } | Ending::SetUpFailed { .. } => true,
            Ending::Stopped { .. } | Ending::Lost => false,
        }
    }

    /// What `bn container run` exits with for an agent that did not succeed.
    pub fn exit_code(self) -> u8 {
        match self {
            Ending::Exited { code, .. } | Ending::SetUpFailed { code } => code,
            // An agent that was told to end and ended well has not finished its work all the same.
            Ending::Stopped { code: 0 } => 143,
            Ending::Stopped { code } => code,
            Ending::TimedOut => 124,
            Ending::OutOfDisk { .. } | Ending::Lost => 137,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exited { code, out_of_memory: true } => write!(f, "out of memory ({code})"),
            Ending::Exited { code, .. } => write!(f, "exited ({code})"),
            Ending::SetUpFailed { code } => write!(f, "set-up failed ({code})"),
            Ending::Stopped { .. } => f.write_str("stopped"),
            Ending::TimedOut => f.write_str("timed-out"),
            Ending::OutOfDisk { .. } => f.write_str("out of disk"),
            Ending::Lost => f.write_str("killed"),
        }
    }
}

/// What became of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Merged,
    NothingToMerge,
    Unmerged,
    Diverged,
    TargetDirty,
    TargetBusy,
    BranchMoved,
    /// The target no longer has commits that the agent saw there and built on.
    TargetSetBack,
    GitLost,
    Refused,
    Failed,
    Stopped,
    TimedOut,
    /// What the target would have been did not pass the check.
    CheckFailed,
}

impl Outcome {
    /// Whether there may be work that is on no branch of the user's choice yet.
    pub fn leaves_work(self) -> bool {
        !matches!(self, Outcome::Merged | Outcome::NothingToMerge)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::Merged => "merged",
            Outcome::NothingToMerge => "nothing-to-merge",
            Outcome::Unmerged => "unmerged",
            Outcome::Diverged => "diverged",
            Outcome::TargetDirty => "target-dirty",
            Outcome::TargetBusy => "target-busy",
            Outcome::BranchMoved => "branch-moved",
            Outcome::TargetSetBack => "target-set-back",
            Outcome::GitLost => "git-lost",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Stopped => "stopped",
            Outcome::TimedOut => "timed-out",
            Outcome::CheckFailed => "check-failed",
        })
    }
}
