//! What a run remembers about git.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::git::host::GitError;
use crate::git::host::checkout::Checkout;
use crate::git::host::refs::{self, RefMap};
use crate::git::host::target::Target;
use crate::git::private::bare;
use crate::git::private::mounts::GitMount;
use crate::path_json;
use crate::untrusted::nested::NestedGit;
use crate::untrusted::quarantine::Before;

/// Everything about git that a run has to remember. Stored in the run's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunGit {
    /// The run's name.
    pub run: String,
    pub checkout: Checkout,
    pub target: Target,
    /// The run's own folder on the host; what git needs is below it.
    #[serde(with = "path_json")]
    pub folder: PathBuf,
    /// The text of the worktree's `.git`, where that is a file.
    pub dot_git: Option<Vec<u8>>,
    /// Git folders below the top, as they were before.
    pub nested: Vec<NestedGit>,
    /// Folders in the worktree that git takes for bare repositories.
    pub bare: Vec<Folder>,
    pub mounts: Vec<GitMount>,
    /// `HOOK=PROGRAM`: what the user's hooks start, where they run inside.
    #[serde(default)]
    pub hook_programs: Vec<String>,
    /// To be told to the user before the start.
    pub notes: Vec<String>,
}

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
            dot_git: self.dot_git.as_deref(),
            nested: &self.nested,
            bare: self.bare.iter().map(|folder| folder.0.as_path()).collect(),
        }
    }

    /// The commit that the agent starts from.
    pub fn base(&self) -> &str {
        &self.checkout.head
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

    /// A ref of the run's own.
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

    pub fn pins_prefix(&self) -> String {
        prefix(&self.run)
    }
}

/// Where all refs of a run are.
pub fn prefix(run: &str) -> String {
    format!("refs/binnacle/runs/{run}/")
}
