//! A run, as the rooms of git know it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::git::host::GitError;
use crate::git::host::checkout::Checkout;
use crate::git::host::refs::{self, RefMap};
use crate::git::host::target::Target;
use crate::git::private::bare;
use crate::path_json;
use crate::untrusted::nested::NestedGit;
use crate::untrusted::quarantine::Before;

/// What was resolved of a run, its folder, and how its checkout was at its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunGit {
    /// The run's name.
    pub run: String,
    pub checkout: Checkout,
    pub target: Target,
    /// The run's own folder on the host; what git needs is below it.
    pub folder: PathBuf,
    pub start: Start,
}

/// How a checkout was when the agent got it. Stored in the run's record: the agent changes all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Id of the commit that the agent starts from.
    pub head: String,
    /// The text of the worktree's `.git`, where that is a file.
    pub dot_git: Option<Vec<u8>>,
    /// Git folders below the top.
    pub nested: Vec<NestedGit>,
    /// Folders in the worktree that git takes for bare repositories.
    pub bare: Vec<Folder>,
}

/// A repository in the folder of a run: its refs are there.
pub const REPOSITORY: &str = "kept.git";
/// A file of the run's: where the agent has seen the target.
pub const SEEN_TARGETS: &str = "seen-targets";

/// A path relative to the worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Folder(#[serde(with = "path_json")] pub PathBuf);

impl RunGit {
    /// What its end is compared with.
    pub fn before(&self) -> Before<'_> {
        Before {
            worktree: &self.checkout.worktree,
            dot_git: self.start.dot_git.as_deref(),
            nested: &self.start.nested,
            bare: self.start.bare.iter().map(|folder| folder.0.as_path()).collect(),
        }
    }

    /// The commit that the agent starts from.
    pub fn base(&self) -> &str {
        &self.start.head
    }

    /// The agent's repository: the agent writes it, and no git of the host ever runs on it.
    pub fn private(&self) -> PathBuf {
        self.folder.join("git")
    }

    /// The read-only repository through which the agent sees the host's branches.
    pub fn view(&self) -> PathBuf {
        self.folder.join("view")
    }

    /// Where the agent's objects are put before git may look at them.
    pub fn taken(&self) -> PathBuf {
        self.folder.join("taken")
    }

    /// Where the agent's objects stay that did not get through git's checks.
    pub fn not_taken(&self) -> PathBuf {
        self.folder.join("not-taken.git")
    }

    /// The repository that has the run's refs: the run's own, or the user's, of a run of an older bn.
    pub fn kept(&self) -> PathBuf {
        let own = self.folder.join(REPOSITORY);
        if own.join("config").is_file() { own } else { self.checkout.common_dir.clone() }
    }

    /// Whether its refs are in a repository of its own.
    pub fn has_own_refs(&self) -> bool {
        self.kept() != self.checkout.common_dir
    }

    /// A ref of the run's own, in `kept`.
    pub fn reference(&self, name: &str) -> String {
        format!("{}{name}", prefix(&self.run))
    }

    /// The branch that the agent starts on is the one to merge into.
    pub fn works_on_target(&self) -> bool {
        self.checkout.branch.as_deref() == Some(self.target.branch.as_str())
    }

    /// What the agent's refs were at the start. Kept outside the private folder.
    pub fn start_refs(&self) -> Result<RefMap, GitError> {
        Ok(bare::optional(&self.folder.join("start-refs"))?.map(|text| refs::unpacked(&text)).unwrap_or_default())
    }

    /// Writes down where the agent sees the target. To be called before the agent can.
    pub fn target_is_shown(&self, shown: &RefMap) -> Result<(), GitError> {
        let Some(id) = shown.get(self.target.reference().as_bytes()) else { return Ok(()) };
        let mut seen = self.seen_targets()?;
        if seen.last() == Some(id) {
            return Ok(());
        }
        seen.push(id.clone());
        bare::replace(&self.folder, SEEN_TARGETS, format!("{}\n", seen.join("\n")).as_bytes())
    }

    /// Where the agent has seen the target, oldest first.
    pub fn seen_targets(&self) -> Result<Vec<String>, GitError> {
        let text = bare::optional(&self.folder.join(SEEN_TARGETS))?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
    }

    /// The commits of all branches that the agent has been shown, then and now.
    pub fn shown_branches(&self) -> Result<BTreeSet<String>, GitError> {
        let mut shown = self.start_refs()?;
        let now = bare::optional(&self.view().join("packed-refs"))?.map(|text| refs::unpacked(&text));
        shown.extend(now.unwrap_or_default());
        let branch = |name: &[u8]| name.starts_with(b"refs/heads/") || name.starts_with(b"refs/remotes/");
        Ok(shown.into_iter().filter(|(name, _)| branch(name)).map(|(_, id)| id).collect())
    }
}

/// Where all refs of a run are.
pub fn prefix(run: &str) -> String {
    format!("refs/binnacle/runs/{run}/")
}
