//! Brings finished work onto the target: fast-forward only, and only where nothing is in the way.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failpoint::{self, Point};
use crate::git::collect::branch;
use crate::git::collect::collected::BranchOutcome;
use crate::git::collect::collected::Collected;
use crate::git::host::changes::ChangedPath;
use crate::git::host::config::Config;
use crate::git::host::git::{UPLOAD_PACK, complaints};
use crate::git::host::worktrees::Operation;
use crate::git::host::worktrees::{self, Worktree};
use crate::git::host::{Git, GitError, changes, checkout, in_tree, main_checkout, refs};
use crate::git::merge::journal::{self, Journal};
use crate::git::merge::{clashes, landed, scratch, target_set_back};
use crate::git::private::RunGit;
use crate::sanitize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum MergeOutcome {
    Merged {
        from: String,
        to: String,
    },
    /// The target has it all already.
    NothingToMerge,
    /// The target has commits that the work does not build on.
    Diverged,
    /// Uncommitted files in the target's checkout would be overwritten. Printable paths.
    TargetDirty {
        checkout: String,
        paths: Vec<String>,
    },
    /// Something unfinished holds the target; trying again later can help.
    TargetBusy {
        why: String,
    },
    Refused {
        why: String,
    },
}

fn busy(why: impl Into<String>) -> MergeOutcome {
    MergeOutcome::TargetBusy { why: why.into() }
}

/// Decides beforehand, then moves the target. One at a time per repository is the caller's business; git's own locks
/// keep two from doing harm.
pub fn merge(git: &Git, run: &RunGit, collected: &Collected) -> Result<MergeOutcome, GitError> {
    if let BranchOutcome::GitLost { reason } = &collected.branch {
        return Ok(MergeOutcome::Refused { why: format!("the agent's repository could not be read: {reason}") });
    }
    let (common, to) = (&run.checkout.common_dir, collected.head.as_str());
    let Some(from) = refs::commit(git, common, &run.target.reference())? else {
        return Ok(MergeOutcome::Refused { why: format!("branch {} is gone", run.target.branch) });
    };
    let fits = refs::is_ancestor(git, common, &from, to)?;
    // No history goes round: of two commits only one is in that of the other.
    let already = from == to || !fits && refs::is_ancestor(git, common, to, &from)?;
    if !already && !fits {
        let there = landed::is_reapplied(git, run, &from, to)?;
        return Ok(if there { MergeOutcome::NothingToMerge } else { MergeOutcome::Diverged });
    }
    let step = Step { git, run, from: &from, to };
    if already && !run.works_on_target() {
        return step.already();
    }
    let all = worktrees::list(git, common)?;
    match step.holder(&all)? {
        Some((worktree, _))
            if run.works_on_target() && worktree.path == run.checkout.worktree && worktree.path.is_dir() =>
        {
            step.in_own_checkout(collected, already)
        }
        _ if already => step.already(),
        Some((worktree, _)) if !worktree.path.is_dir() => Ok(step.nowhere(&worktree)),
        Some((worktree, git_dir)) => step.in_checkout(&worktree, git_dir, &all),
        None => step.without_checkout(),
    }
}

/// The work as its branch has it by now, where the target had moved on, or was taken back, and the user has rebased that
/// branch since.
pub fn as_rebased(git: &Git, run: &RunGit, collected: &Collected) -> Result<Collected, GitError> {
    let common = &run.checkout.common_dir;
    let mut collected = collected.clone();
    let Some(target) = refs::commit(git, common, &run.target.reference())? else { return Ok(collected) };
    let branch = run.checkout.branch_ref().filter(|_| !run.works_on_target());
    let tip = branch.map(|branch| refs::commit(git, common, &branch)).transpose()?.flatten();
    if let Some(tip) = tip
        && (!refs::is_ancestor(git, common, &target, &collected.head)?
            || target_set_back::dropped_commit(git, run, &target, &collected.head)?.is_some())
        && refs::is_ancestor(git, common, &target, &tip)?
        // A branch that is where the target is lacks the work.
        && !refs::is_ancestor(git, common, &tip, &target)?
    {
        collected.head = tip;
    }
    Ok(collected)
}

struct Step<'a> {
    git: &'a Git,
    run: &'a RunGit,
    from: &'a str,
    to: &'a str,
}

impl Step<'_> {
    /// The target has the work: from an earlier try, or from the user's own hand. Or there is none.
    fn already(&self) -> Result<MergeOutcome, GitError> {
        Ok(match refs::is_ancestor(self.git, &self.run.checkout.common_dir, self.to, self.run.base())? {
            true => MergeOutcome::NothingToMerge,
            false => MergeOutcome::Merged { from: self.from.to_owned(), to: self.from.to_owned() },
        })
    }

    fn merged(&self) -> MergeOutcome {
        failpoint::reached(Point::TargetMoved);
        MergeOutcome::Merged { from: self.from.to_owned(), to: self.to.to_owned() }
    }

    /// The checkout that has the target, with its git dir. `all` are those of the repository.
    fn holder(&self, all: &[Worktree]) -> Result<Option<(Worktree, Option<PathBuf>)>, GitError> {
        let common = &self.run.checkout.common_dir;
        let target = self.run.target.reference();
        let found = all.iter().cloned().enumerate().find(|(_, one)| !one.bare && one.branch.as_ref() == Some(&target));
        let Some((number, mut worktree)) = found else { return Ok(None) };
        let checkout = &self.run.checkout;
        let git_dir = match number {
            // Git guesses the path of a main checkout whose git dir lies elsewhere, and guesses wrong.
            0 if checkout.git_dir == *common => {
                worktree.path.clone_from(&checkout.worktree);
                Some(common.clone())
            }
            0 if let Some(place) = &self.run.target.checkout => {
                worktree.path.clone_from(place);
                main_checkout::leads_to(place, common).then(|| common.clone())
            }
            0 => worktree.path.join(".git").canonicalize().ok().filter(|git_dir| git_dir == common),
            _ => worktrees::git_dir_of(common, &worktree)?,
        };
        if let Ok(path) = worktree.path.canonicalize() {
            worktree.path = path;
        }
        Ok(Some((worktree, git_dir)))
    }

    /// The agent worked on the target itself: its files are there already, branch and index follow.
    fn in_own_checkout(&self, collected: &Collected, already: bool) -> Result<MergeOutcome, GitError> {
        let checkout = &self.run.checkout;
        if collected.branch == BranchOutcome::Unchanged {
            return Ok(MergeOutcome::NothingToMerge);
        }
        if let Some(end) = &collected.ended_on {
            let why =
                format!("the agent left the checkout at {end}: its files are not those of {}", self.run.target.branch);
            return Ok(MergeOutcome::Refused { why });
        }
        if let Some(Operation { name: what, .. }) = worktrees::unfinished(&checkout.git_dir) {
            return Ok(busy(format!("{} is in the middle of {what}", checkout.worktree.display())));
        }
        if !branch::wait_for_index(&checkout.git_dir) {
            return Ok(busy(format!("another git is at work in {}", checkout.worktree.display())));
        }
        if !already {
            refs::update(self.git, &checkout.common_dir, &self.run.target.reference(), self.to, Some(self.from))?;
            failpoint::reached(Point::BranchMoved);
        }
        if !already || self.from == self.to {
            branch::move_index(self.git, self.run, self.run.base(), self.to)?;
        }
        if already { self.already() } else { Ok(self.merged()) }
    }

    fn nowhere(&self, worktree: &Worktree) -> MergeOutcome {
        let (branch, place) = (&self.run.target.branch, worktree.path.display());
        busy(format!("{branch} is checked out at {place}, where no checkout can be found: git worktree prune"))
    }

    fn in_checkout(
        &self,
        worktree: &Worktree,
        git_dir: Option<PathBuf>,
        all: &[Worktree],
    ) -> Result<MergeOutcome, GitError> {
        let place = worktree.path.display();
        let Some(git_dir) = git_dir else { return Ok(self.nowhere(worktree)) };
        if checkout::symbolic_head(self.git, &git_dir)?.as_ref() != Some(&self.run.target.reference()) {
            return Ok(busy(format!("{place} is no longer on {}", self.run.target.branch)));
        }
        if let Some(Operation { name: what, .. }) = worktrees::unfinished(&git_dir) {
            return Ok(busy(format!("{place} is in the middle of {what}")));
        }
        if !branch::wait_for_index(&git_dir) {
            return Ok(busy(format!("another git is at work in {place}, or left {}/index.lock", git_dir.display())));
        }
        if let Some(why) = journal::recover(self.git, &git_dir)? {
            return Ok(MergeOutcome::Refused { why });
        }
        if let Some(why) = self.obeyed(worktree, &git_dir, all)? {
            return Ok(MergeOutcome::Refused { why });
        }
        let place_of_files = (git_dir.as_path(), worktree.path.as_path());
        let changed = changes::between(self.git, &self.run.checkout.common_dir, self.from, self.to)?;
        let journal = Journal::begin(place_of_files, &self.run.target.reference(), (self.from, self.to), &changed)?;
        failpoint::reached(Point::MergeBegun);
        // Second names change the time of a file's entry, and nothing else of it.
        let merge = self.git.in_tree(&git_dir, &worktree.path).args(["-c", "core.trustctime=false"]);
        let merge = merge.arg("-c").arg(format!("branch.{}.mergeOptions=", self.run.target.branch));
        let merge = merge.env("GIT_REFLOG_ACTION", format!("binnacle {}", self.run.run));
        let merge =
            merge.args(["merge", "--quiet", "--ff-only", "--no-overwrite-ignore", "--no-autostash", "--no-stat"]);
        let answer = self.git.capture(&merge.args(["--no-verify-signatures", "--no-squash", self.to]))?;
        if answer.success() {
            journal.done()?;
            return Ok(self.merged());
        }
        journal.undo(self.git)?;
        let paths = clashes::find(self.git, place_of_files, self.from, self.to)?;
        Ok(match paths.is_empty() {
            true => MergeOutcome::Refused {
                why: format!("git could not write the files of {place}, which are unchanged: {}", complaints(&answer)),
            },
            false => MergeOutcome::TargetDirty { checkout: place.to_string(), paths },
        })
    }

    /// Returns which of the agent's files the user's git would run or obey as soon as they are in this checkout.
    fn obeyed(&self, worktree: &Worktree, git_dir: &Path, all: &[Worktree]) -> Result<Option<String>, GitError> {
        let (tree, common) = (&worktree.path, &self.run.checkout.common_dir);
        let config = Config::read(self.git, self.git.in_tree(git_dir, tree), tree)?;
        if let Some(setting) = in_tree::program(&config, tree) {
            return Ok(Some(format!("{} names a program of the worktree", setting.key)));
        }
        let files = in_tree::config_files(&config, tree, common);
        let changed = changes::between(self.git, common, self.from, self.to)?;
        if let Some(why) = in_anothers_worktree(tree, all, &changed) {
            return Ok(Some(why));
        }
        let obeyed = changed.iter().find(|change| files.contains(&tree.join(&change.path)));
        Ok(obeyed.map(|change| format!("your git reads its configuration from {}", sanitize::path(&change.path))))
    }

    /// Git's own fetch knows all the ways in which a branch can be in use; `update-ref` knows none.
    fn without_checkout(&self) -> Result<MergeOutcome, GitError> {
        let common = &self.run.checkout.common_dir;
        let Some((place, from)) = self.source()? else {
            let why = format!("no branch is at {} any more: git branch NAME {} brings it back", self.to, self.to);
            return Ok(MergeOutcome::Refused { why });
        };
        let cmd =
            self.git.fetching(common, &place).args(["-c", "fetch.prune=false", "fetch", "--upload-pack", UPLOAD_PACK]);
        let cmd = cmd.args(["--quiet", "--no-tags", "--no-prune"]);
        let cmd = cmd.args(["--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules"]).arg(place);
        let answer = self.git.capture(&cmd.arg(format!("{from}:{}", self.run.target.reference())))?;
        Ok(match answer.status.code() {
            Some(0) => self.merged(),
            Some(1) => MergeOutcome::Diverged,
            _ => busy(format!("{} is in use by a rebase, a bisect or a missing worktree", self.run.target.branch)),
        })
    }

    /// A repository with a ref that is at the commit to merge: the run's own, which goes once a branch has its commits, or that
    /// branch.
    fn source(&self) -> Result<Option<(PathBuf, String)>, GitError> {
        let own = (self.run.kept(), self.run.reference(crate::git::collect::plan::WORK));
        let branch = self.run.checkout.branch_ref().map(|branch| (self.run.checkout.common_dir.clone(), branch));
        let made = (scratch::place(self.run), scratch::RESULT.to_owned());
        let made = made.0.is_dir().then_some(made);
        for (place, name) in made.into_iter().chain([own]).chain(branch) {
            if refs::commit(self.git, &place, &name)?.as_deref() == Some(self.to) {
                return Ok(Some((place, name)));
            }
        }
        Ok(None)
    }
}

/// Git writes into a worktree that lies in this one as into any other folder, under whoever works there.
fn in_anothers_worktree(tree: &Path, all: &[Worktree], changed: &[ChangedPath]) -> Option<String> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let inner: Vec<PathBuf> =
        all.iter().map(|one| real(&one.path)).filter(|path| path != tree && path.starts_with(tree)).collect();
    let meets = |change: &ChangedPath| {
        let path = tree.join(&change.path);
        inner.iter().find(|inner| path.starts_with(inner) || inner.starts_with(&path))
    };
    changed.iter().find_map(|change| Some((change, meets(change)?))).map(|(change, inner)| {
        let (path, inner) = (sanitize::path(&change.path), sanitize::path(inner));
        format!("{path} would be written into another worktree, {inner}: git worktree move it out of here")
    })
}
