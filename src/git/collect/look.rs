//! A look at what an agent has made, while it works and afterwards: in a repository of ours that is there for the look alone.
//!
//! The agent's objects are linked into it as they are for collecting, and its refs are read as text. What is in them decides
//! about nothing there: no configuration but ours is read, no attribute counts, and no program is started by git.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::git::collect::fetch::limited;
use crate::git::collect::plan::{self, WORK};
use crate::git::collect::unpacked;
use crate::git::collect::{refs, take};
use crate::git::host::git::refused;
use crate::git::host::{Git, GitError, changes, refs as host_refs};
use crate::git::private::{RunGit, bare};
use crate::process::{Captured, Cmd};

/// What git knows of files by attributes that stand beside them: nothing, so that an agent can neither hide a file from a
/// comparison nor have it changed on the way. (Those of the repository's own folder go before all others.)
const ATTRIBUTES: &[u8] =
    b"* !text !crlf !eol !ident !filter !working-tree-encoding !diff !merge !whitespace !binary\n";

/// Whose work is looked at, and when.
#[derive(Clone, Copy, Debug)]
pub enum Work<'a> {
    /// What the agent's repository has at this moment.
    Live,
    /// What was taken over from it.
    Ended {
        head: &'a str,
        /// It is on its target by now: it is compared with where it began.
        merged: bool,
    },
}

/// A repository of ours that goes with this value.
#[derive(Debug)]
pub struct Look {
    folder: TempDir,
    /// The commit from which the work parted from its target.
    pub base: String,
    /// The newest commit of the work.
    pub head: String,
    /// The commit that the files in the worktree belong to.
    pub checked_out: String,
    /// What is not of the work's own commits.
    known: Vec<String>,
    /// How long git may take for one step.
    patience: Duration,
}

impl Look {
    /// An agent can lay pipes where git looks for files, at which it waits for ever: `patience` is how long one step may take.
    pub fn take(git: &Git, run: &RunGit, work: Work, patience: Duration) -> Result<Self, GitError> {
        let folder = tempfile::Builder::new()
            .prefix("look-")
            .tempdir_in(&run.folder)
            .map_err(GitError::io("make a folder in", &run.folder))?;
        let repository = folder.path().join("git");
        let (head, checked_out) = match work {
            Work::Live => live(git, run, &repository)?,
            Work::Ended { head, .. } => {
                take::skeleton(run, &repository)?;
                (head.to_owned(), head.to_owned())
            }
        };
        bare::write(&repository, "info/attributes", ATTRIBUTES)?;
        let target = host_refs::commit(git, &run.checkout.common_dir, &run.target.reference())?;
        let target = target.filter(|_| !matches!(work, Work::Ended { merged: true, .. }));
        let known = target.into_iter().chain([run.base().to_owned()]).collect();
        let mut look = Self { folder, base: run.base().to_owned(), head, checked_out, known, patience };
        if let [target, _] = look.known.as_slice()
            && let Some(base) = look.merge_base(git, target)?
        {
            look.base = base;
        }
        if let Some(why) = changes::excess(git, &look.git_dir(), &look.base, &look.head)? {
            return Err(GitError::Failed { what: "look at the agent's work".to_owned(), reason: why });
        }
        Ok(look)
    }

    pub fn git_dir(&self) -> PathBuf {
        self.folder.path().join("git")
    }

    /// Git on it, without the user's configuration, which can name programs for the agent's files.
    pub fn command(&self, git: &Git) -> Cmd {
        alone(git.in_dir(&self.git_dir()))
    }

    /// The same with the files of a worktree.
    pub(super) fn command_in(&self, git: &Git, worktree: &Path) -> Cmd {
        alone(git.in_tree(&self.git_dir(), worktree))
    }

    /// What git prints. `what` completes "git cannot …".
    pub fn read(&self, git: &Git, what: &str, cmd: &Cmd) -> Result<Vec<u8>, GitError> {
        let answer = self.answer(git, cmd, &[])?;
        if answer.success() { Ok(answer.stdout) } else { Err(refused(what, &answer)) }
    }

    pub(super) fn answer(&self, git: &Git, cmd: &Cmd, input: &[u8]) -> Result<Captured, GitError> {
        git.capture_within(&limited(cmd.clone()), input, self.patience)
    }

    /// For git: the commits of the work, and none that its target has or that were there before.
    pub fn range(&self) -> Vec<String> {
        std::iter::once(self.head.clone()).chain(self.known.iter().map(|id| format!("^{id}"))).collect()
    }

    /// How many these are.
    pub fn commits(&self, git: &Git) -> Result<u64, GitError> {
        if self.known.contains(&self.head) {
            return Ok(0);
        }
        let cmd = self.command(git).args(["rev-list", "--count"]).args(self.range()).arg("--");
        let text = self.read(git, "count the commits", &cmd)?;
        Ok(String::from_utf8_lossy(&text).trim().parse().unwrap_or(0))
    }

    fn merge_base(&self, git: &Git, target: &str) -> Result<Option<String>, GitError> {
        if self.head == target {
            return Ok(Some(self.head.clone()));
        }
        let answer = self.answer(git, &self.command(git).args(["merge-base", &self.head, target]), &[])?;
        match answer.status.code() {
            Some(0) => Ok(Some(answer.text())),
            Some(1) => Ok(None),
            _ => Err(refused("compare with the target", &answer)),
        }
    }
}

fn alone(cmd: Cmd) -> Cmd {
    cmd.env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
        // It is gone when the look is over.
        .args(["-c", "core.fsync=none", "-c", "core.quotePath=false"])
}

/// The newest commit of the agent's branch, and the one that it has checked out, with all of its objects.
fn live(git: &Git, run: &RunGit, repository: &Path) -> Result<(String, String), GitError> {
    let hostile = |reason: String| GitError::Hostile { path: run.private(), reason };
    // First the refs: what they name is there by then.
    let found = refs::of(run).map_err(|error| hostile(error.to_string()))?;
    // An agent that packs its objects at this moment takes away the files that are being linked.
    take::objects(run, repository).or_else(|_| take::objects(run, repository))?;
    if let Some(why) = unpacked::look(git, run, repository, &BTreeSet::new())?.excess {
        return Err(hostile(why));
    }
    let plan = plan::plan(run, found)?;
    if let Some(lost) = plan.lost {
        return Err(hostile(lost));
    }
    let head = plan.wanted.iter().find(|wanted| wanted.place == WORK).map_or(run.base(), |wanted| &wanted.id);
    Ok((head.to_owned(), plan.ended_at().unwrap_or(head).to_owned()))
}
