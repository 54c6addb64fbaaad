//! A run, as the rooms of git know it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::git::host::GitError;
use crate::git::host::checkout::Checkout;
use crate::git::host::refs::{Packed, RefMap};
use crate::git::host::target::Target;
use crate::git::private::bare;
use crate::path_json;
use crate::untrusted::nested::NestedGit;
use crate::untrusted::quarantine::Before;
use crate::untrusted::tree::Tree;

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
    /// Set where this is what the run has of a submodule.
    pub submodule: Option<Submodule>,
}

/// Which submodule it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submodule {
    pub number: usize,
    /// Relative to the worktree of the run.
    pub path: PathBuf,
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
    /// The submodules that the agent has, each after the one that it is in.
    #[serde(default)]
    pub submodules: Vec<SubmoduleStart>,
}

/// How a submodule was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmoduleStart {
    pub path: Folder,
    pub checkout: Checkout,
    pub start: Start,
}

/// A repository in the folder of a run: its refs are there.
pub const REPOSITORY: &str = "kept.git";
/// A file of the run's: where the agent has seen the target.
pub const SEEN_TARGETS: &str = "seen-targets";

/// In a run's folder: what it has of submodules, in folders with their numbers.
pub const MODULES: &str = "modules";

/// A path relative to the worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Folder(#[serde(with = "path_json")] pub PathBuf);

impl RunGit {
    /// What the run has of each submodule: a run of its own, but for its name.
    pub fn submodules(&self) -> Vec<RunGit> {
        let of = |(number, inner): (usize, &SubmoduleStart)| self.of_submodule(number, inner);
        self.start.submodules.iter().enumerate().map(of).collect()
    }

    /// There is no branch in a submodule to which its work goes by itself.
    pub fn of_submodule(&self, number: usize, inner: &SubmoduleStart) -> RunGit {
        RunGit {
            run: self.run.clone(),
            checkout: inner.checkout.clone(),
            target: Target { branch: "HEAD".to_owned(), note: None, checkout: None },
            folder: self.folder.join(MODULES).join(number.to_string()),
            start: inner.start.clone(),
            submodule: Some(Submodule { number, path: inner.path.0.clone() }),
        }
    }

    /// What its end is compared with.
    pub fn before<'a>(&'a self, tree: &'a Tree) -> Before<'a> {
        Before {
            tree,
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
        self.submodule.is_none() && self.checkout.branch.as_deref() == Some(self.target.branch.as_str())
    }

    /// What the agent's refs were at the start. Kept outside the private folder.
    pub fn start_refs(&self) -> Result<RefMap, GitError> {
        Ok(self.packed_start_refs()?.refs())
    }

    /// The same, as they were packed for the agent.
    pub fn packed_start_refs(&self) -> Result<Packed, GitError> {
        Ok(bare::optional(&self.folder.join("start-refs"))?.map(Packed).unwrap_or_default())
    }

    /// What the view has of the host's branches and tags.
    pub fn shown_now(&self) -> Result<Packed, GitError> {
        Ok(bare::optional(&self.view().join("packed-refs"))?.map(Packed).unwrap_or_default())
    }

    /// Writes down where the agent sees the target. To be called before the agent can.
    pub fn target_is_shown(&self, shown: &Packed) -> Result<(), GitError> {
        let Some(id) = shown.get(self.target.reference().as_bytes()) else { return Ok(()) };
        let mut seen = self.seen_targets()?;
        if seen.last() == Some(&id) {
            return Ok(());
        }
        seen.push(id);
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
        shown.extend(self.shown_now()?.refs());
        let branch = |name: &[u8]| name.starts_with(b"refs/heads/") || name.starts_with(b"refs/remotes/");
        Ok(shown.into_iter().filter(|(name, _)| branch(name)).map(|(_, id)| id).collect())
    }
}

/// Where all refs of a run are.
pub fn prefix(run: &str) -> String {
    format!("refs/binnacle/runs/{run}/")
}
