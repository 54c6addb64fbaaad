//! Takes over what the agent committed. May be called again after dying at any point of it.

use std::collections::BTreeMap;

use crate::failpoint::{self, Point};
use crate::git::collect::branch;
use crate::git::collect::bundle::{self, Source};
use crate::git::collect::collected::{BranchOutcome, Collected};
use crate::git::collect::plan::{self, Plan, WORK};
use crate::git::collect::unpacked::{self, Looked, Size};
use crate::git::collect::{fetch, hand_over, lfs, refs, submodules, take};
use crate::git::host::changes::{self, ChangedPath, Status};
use crate::git::host::{Git, GitError, refs as host_refs};
use crate::git::private::{RunGit, kept_git};
use crate::sanitize;
use crate::untrusted::quarantine::{self, Quarantine};
use crate::untrusted::remove;
use crate::untrusted::tree::Tree;

/// A file that is merged only by wish. Bytes.
const LARGE_FILE: u64 = if cfg!(test) { 8 << 20 } else { 256 << 20 };
/// So many new files are merged only if the user accepts them.
const MANY_FILES: usize = 20_000;
/// All changed files together. Bytes.
const LARGE_CHANGE: u64 = 1 << 30;

/// To be called when the container is gone.
pub fn collect(git: &Git, run: &RunGit, tree: &Tree, size: Size) -> Result<Collected, GitError> {
    // A rehearsal leaves the worktree as it is: no agent was there.
    let aside = if git.rehearses() { Quarantine::default() } else { quarantine::run(&run.before(tree))? };
    failpoint::reached(Point::Quarantined);
    let mut collected = Collected {
        quarantined: aside.moved.iter().map(|path| sanitize::path(path)).collect(),
        notes: aside.notes,
        holds: aside.holds,
        ..Collected::nothing(run.base())
    };
    let inner = run.submodules();
    // A link to a commit of a submodule is looked at when that commit is there.
    let works = inner.iter().map(|inner| submodule(git, inner, size)).collect::<Result<Vec<_>, _>>()?;
    one(git, run, size, &mut collected)?;
    for (inner, work) in inner.iter().zip(&works) {
        collected.complete &= work.complete;
        collected.notes.extend(submodules::notes(inner, work));
    }
    collected.submodules = works;
    Ok(collected)
}

/// Collects from a submodule. Whatever an agent did to it, the other repositories are taken over all the same.
fn submodule(git: &Git, run: &RunGit, size: Size) -> Result<Collected, GitError> {
    let mut collected = Collected::nothing(run.base());
    if !run.checkout.git_dir.is_dir() {
        submodules::gone(run, &mut collected);
        return Ok(collected);
    }
    if let Err(error) = one(git, run, size, &mut collected) {
        let GitError::Hostile { .. } = error else { return Err(error) };
        collected.notes.push(error.to_string());
        collected.complete = false;
    }
    if collected.new_commits > 0 {
        bundle::create(git, run, Source::Taken, &submodules::bundle(run))?;
    }
    Ok(collected)
}

/// Takes over what is in one repository of the agent's.
fn one(git: &Git, run: &RunGit, size: Size, collected: &mut Collected) -> Result<(), GitError> {
    match refs::of(run) {
        Err(error) => collected.branch = BranchOutcome::GitLost { reason: error.to_string() },
        Ok(found) => {
            let plan = plan::plan(run, found)?;
            if plan.brings_nothing(run.base()) {
                return unmoved(git, run, plan, collected);
            }
            take::objects(run, &run.taken())?;
            failpoint::reached(Point::ObjectsTaken);
            let looked = match size {
                Size::Usual => unpacked::look(git, run, &run.taken(), &plan.ids())?,
                Size::Any => Looked { excess: None, kinds: fetch::kinds(git, run, &plan.ids())? },
            };
            if let Some(why) = looked.excess {
                collected.branch = BranchOutcome::Packed { why };
                return Ok(remove::folder(&run.taken())?);
            }
            take_over(git, run, (plan, &looked.kinds), collected)?;
        }
    }
    Ok(())
}

/// The agent committed nothing. The user may have moved the branch meanwhile.
fn unmoved(git: &Git, run: &RunGit, mut plan: Plan, collected: &mut Collected) -> Result<(), GitError> {
    collected.notes.append(&mut plan.notes);
    collected.complete = true;
    (collected.own_commits, collected.files) = (Some(0), Some(0));
    collected.ended_on = plan.ended_on();
    collected.branch = branch::settle(git, run, &plan, &mut collected.notes)?;
    failpoint::reached(Point::IndexMoved);
    Ok(())
}

fn take_over(
    git: &Git,
    run: &RunGit,
    (mut plan, kinds): (Plan, &BTreeMap<String, String>),
    collected: &mut Collected,
) -> Result<(), GitError> {
    fetch::check(git, run, &mut plan, kinds)?;
    let is_there = hand_over::work(git, run, &mut plan)?;
    fetch::all(git, run, &mut plan)?;
    collected.notes.append(&mut plan.notes);
    collected.complete = plan.complete;
    if let Err(error) = lfs::take(git, run)? {
        collected.complete = false;
        collected.holds.push(format!("what the agent stored with Git LFS could not be taken over: {error}"));
    }
    // An agent that did nothing brings no work: a rehearsal does not get here.
    if run.has_own_refs() && !git.rehearses() {
        kept_git::lend(run)?;
        if !is_there {
            kept_git::fetch_work(git, run, &run.reference(WORK))?;
        }
    }
    failpoint::reached(Point::WorkHandedOver);
    collected.ended_on = plan.ended_on();
    collected.refs = plan.taken(run);
    if let Some(work) = plan.work() {
        work.clone_into(&mut collected.head);
        let common_dir = &run.checkout.common_dir;
        host_refs::ask_apart(git, common_dir, run.base(), work);
        let shown = run.shown_branches()?;
        let own = match shown.iter().all(|id| id == run.base()) {
            true => None,
            false => {
                let others = shown.iter().map(String::as_str).chain([run.base()]);
                Some(host_refs::count(git, common_dir, work, others)?)
            }
        };
        collected.new_commits = host_refs::apart(git, common_dir, run.base(), work)?.1;
        collected.own_commits = own.or(Some(collected.new_commits));
        if let Some(why) = changes::excess(git, common_dir, run.base(), work)? {
            // Kept under the run's ref; neither a branch nor an index goes there.
            collected.branch = BranchOutcome::Excess { why };
            return Ok(remove::folder(&run.taken())?);
        }
        let changed = changes::between(git, &run.checkout.common_dir, run.base(), work)?;
        collected.files = Some(changed.len() as u64);
        collected.holds.extend(submodules::links(git, run, &changed)?);
        let sizes = changes::sizes(git, &run.checkout.common_dir, &changed)?;
        collected.holds.extend(large_files(&changed, &sizes));
        collected.holds.extend(lfs::without_content(git, run, (&changed, &sizes))?);
        collected.holds.extend(many_files(&changed));
    }
    collected.branch = branch::settle(git, run, &plan, &mut collected.notes)?;
    failpoint::reached(Point::IndexMoved);
    put_away(run, collected.complete)
}

/// Keeps objects that git refused in a repository of ours.
fn put_away(run: &RunGit, complete: bool) -> Result<(), GitError> {
    let (taken, kept) = (run.taken(), run.not_taken());
    remove::folder(&kept)?;
    if complete {
        return Ok(remove::folder(&taken)?);
    }
    std::fs::rename(&taken, &kept).map_err(GitError::io("keep", &taken))
}

/// A checkout of a million files takes minutes, and disks have no room for as many names.
fn many_files(changed: &[ChangedPath]) -> Option<String> {
    let added = changed.iter().filter(|changed| changed.status == Status::Added).count();
    (added > MANY_FILES).then(|| format!("{added} files are new"))
}

/// Little in a pack can be much in a checkout.
fn large_files(changed: &[ChangedPath], sizes: &[u64]) -> Vec<String> {
    let total: u64 = sizes.iter().sum();
    let mut holds: Vec<String> = changed
        .iter()
        .zip(sizes)
        .filter(|(_, size)| **size > LARGE_FILE)
        .take(10)
        .map(|(changed, size)| format!("{} has {} MB", sanitize::path(&changed.path), size >> 20))
        .collect();
    if total > LARGE_CHANGE {
        holds.push(format!("the changed files have {} MB together", total >> 20));
    }
    holds
}
