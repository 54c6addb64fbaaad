//! What came of the agent's work: plain data, kept in the run's record.

use serde::{Deserialize, Serialize};

/// What came of the agent's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// The commit of the agent's starting branch at its end: what there is to merge. The base where it did not move.
    pub head: String,
    /// Commits from the base to `head`.
    pub new_commits: u64,
    /// How many of these were on no branch that the agent was shown. `None` in a record of an older bn.
    #[serde(default)]
    pub(super) own_commits: Option<u64>,
    /// How many files differ from the base in `head`. `None` in a record of an older bn.
    #[serde(default)]
    pub(super) files: Option<u64>,
    /// A commit that was made of the work for its target (a squash, a rebase): where the target has that, it has the work.
    #[serde(default)]
    pub remade: Option<String>,
    pub refs: Vec<TakenRef>,
    pub branch: BranchOutcome,
    /// Where the agent ended, if not on its starting branch: a branch's name, or a commit.
    pub ended_on: Option<String>,
    /// Nested git folders that were put aside, by their new names, relative to the worktree.
    pub quarantined: Vec<String>,
    /// To be told to the user.
    pub notes: Vec<String>,
    /// Reasons why the merge waits for the user.
    pub holds: Vec<String>,
    /// All that was found has been taken over: the private folder may be removed.
    pub complete: bool,
    /// What came of the submodules, by their numbers.
    #[serde(default)]
    pub submodules: Vec<Collected>,
}

impl Collected {
    /// Before anything was taken over.
    pub(super) fn nothing(base: &str) -> Self {
        Self {
            head: base.to_owned(),
            new_commits: 0,
            own_commits: None,
            files: None,
            remade: None,
            refs: Vec::new(),
            branch: BranchOutcome::Unchanged,
            ended_on: None,
            quarantined: Vec::new(),
            notes: Vec::new(),
            holds: Vec::new(),
            complete: false,
            submodules: Vec::new(),
        }
    }

    /// How many commits the agent made: what it took from the host's branches is not its own.
    pub fn own_commits(&self) -> u64 {
        self.own_commits.unwrap_or(self.new_commits)
    }

    /// How many files differ, where that is known.
    pub fn files(&self) -> Option<u64> {
        self.files
    }
}

/// One commit of the agent's under a ref of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenRef {
    /// As the agent named it, made printable.
    pub name: String,
    /// As it is called here.
    pub reference: String,
    pub id: String,
}

/// What became of the branch on which the agent started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum BranchOutcome {
    /// The agent left it where it was.
    Unchanged,
    Moved {
        from: String,
        to: String,
    },
    /// It is the target itself: the merge moves it, after its checks.
    Postponed {
        to: String,
    },
    /// It was no longer where the agent had started: nothing was touched.
    BranchMoved {
        found: Option<String>,
        /// The branch that the worktree has now, where the other is gone.
        #[serde(default)]
        renamed: Option<String>,
    },
    /// The agent's lacks commits that it had: nothing was touched.
    SetBack {
        kept: String,
        left_out: usize,
    },
    /// Its commit has more than can be looked at: nothing was touched, and the commit is kept under the run's ref.
    Excess {
        why: String,
    },
    /// The agent's objects are more when they are unpacked than is unpacked unasked: nothing was taken over.
    Packed {
        why: String,
    },
    /// The user's git holds it: nothing was touched.
    Busy {
        why: String,
    },
    /// There was no branch; the worktree's HEAD moved.
    Detached {
        from: String,
        to: String,
    },
    /// The agent's repository cannot be read: the files are all there is.
    GitLost {
        reason: String,
    },
}

/// One thing that a run keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// For people.
    pub what: String,
    /// A ref of the repository, or a folder.
    pub place: String,
    /// What to type to have it.
    pub get: String,
}

impl Kept {
    /// The work itself, which the run's outcome speaks of. (That of a submodule is in another repository.)
    pub fn is_work(&self) -> bool {
        self.place.starts_with("refs/") && self.place.ends_with("/work")
    }
}
