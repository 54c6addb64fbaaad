//! The steps from an agent that ended to an outcome. Each can be taken again after a crash in the middle of it.

use std::time::Duration;

use crate::error::Failure;
use crate::failpoint::{self, Point};
use crate::git::collect::collected::BranchOutcome;
use crate::git::collect::collected::Collected;
use crate::git::collect::run_refs;
use crate::git::collect::take_over;
use crate::git::collect::trailers;
use crate::git::collect::unpacked::Size;
use crate::git::host::{Git, GitError, changes, refs, worktrees};
use crate::git::merge::clashes;
use crate::git::merge::fast_forward::{self, MergeOutcome};
use crate::git::private::RunGit;
use crate::process::ProcessError;
use crate::run::engine::{Engine, EngineError};
use crate::run::life::merge_blockers;
use crate::run::life::review::{left_uncommitted, reason_to_review, review};
use crate::run::life::{landed, tell};
use crate::run::record::RunError;
use crate::run::record::lock::Lock;
use crate::run::record::run_json::{Mode, Run};
use crate::run::record::state::{Ending, Outcome};
use crate::run::watch::status;

/// Who decides whether the work goes to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The agent's success, and what the run was started with.
    AsPlanned,
    /// The user, who has asked for it now.
    Wanted,
    /// The user, who has looked at what would hold it back.
    Accepted,
    /// Nobody: the run was stopped.
    No,
}

/// How the agent ended. What containerd knows counts more than what was written inside.
pub fn ending(run: &mut Run, engine: &Engine, foreground: Option<u8>) -> Result<Ending, Failure> {
    let known = match foreground {
        Some(code) => Some(code),
        None => removed(run, engine.remove_process(run.name()))?.flatten(),
    };
    let said = status::exit_status(&run.folder);
    let out_of_memory = said.is_some_and(|said| said.out_of_memory);
    let code = known.or(said.map(|said| said.code));
    Ok(code.map_or(Ending::Lost, |code| Ending::Exited { code, out_of_memory: out_of_memory && code != 0 }))
}

pub fn as_stopped(ending: Ending) -> Ending {
    Ending::Stopped { code: ending.exit_code() }
}

/// Removes the container; where that takes a password that nobody can give now, the record says so.
pub(super) fn remove_container(run: &mut Run, engine: &Engine) -> Result<(), Failure> {
    if removed(run, engine.remove(run.name()))?.is_some() {
        failpoint::reached(Point::ContainerRemoved);
    }
    Ok(())
}

fn removed<T>(run: &mut Run, answer: Result<T, EngineError>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(known) => {
            run.record.needs_sudo = false;
            Ok(Some(known))
        }
        Err(EngineError::Process(ProcessError::Sudo { .. })) => {
            run.record.needs_sudo = true;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes what is left of a container whose run has ended.
pub fn clean_up(run: &mut Run, engine: &Engine) -> Result<(), Failure> {
    remove_container(run, engine)?;
    Ok(run.save(Point::CleanedUp)?)
}

/// Records what is nowhere else than with the run. The caller saves the record.
pub fn look_what_is_kept(run: &mut Run, git: &Git) -> Result<(), Failure> {
    let kept = landed::kept(&run.record, &run.folder, git)?;
    run.record.kept = kept.into_iter().filter(|kept| !kept.is_work()).collect();
    Ok(())
}

pub(super) fn add_notes(run: &mut Run, new: impl IntoIterator<Item = String>) {
    if let Some(collected) = &mut run.record.collected {
        collected.notes.extend(new);
    }
}

/// Collects and decides, each only if that is not recorded yet: what is recorded may be all that is left of the work.
pub(super) fn collect_and_merge(run: &mut Run, git: &Git, merge: Merge) -> Result<(), Failure> {
    let Some(prepared) = run.git() else {
        // It died while it was prepared: no agent has run.
        run.record.outcome = Some(Outcome::NothingToMerge);
        return Ok(());
    };
    let collected = match run.record.collected.clone().filter(|work| work.complete) {
        Some(collected) => collected,
        None => collect(run, git, &prepared, merge)?,
    };
    match run.record.outcome {
        Some(outcome) if matches!(merge, Merge::AsPlanned | Merge::No) || !outcome.leaves_work() => Ok(()),
        _ => decide(run, git, &prepared, &collected, merge),
    }
}

/// Tells the graph which commits name tasks. Returns why it could not: the run ends all the same.
pub(super) fn tell_commits(run: &Run, git: &Git) -> Option<String> {
    let (prepared, collected) = (run.git()?, run.record.collected.as_ref()?);
    if collected.new_commits == 0 {
        return None;
    }
    let failed =
        |error: &dyn std::fmt::Display| format!("the tasks that the commits name were not told of them: {error}");
    match trailers::read(git, &prepared, &collected.head) {
        Ok(commits) => tell::committed(&run.record, commits).err().map(|error| failed(&error)),
        Err(error) => Some(failed(&error)),
    }
}

/// Takes over what there is, and records it.
pub fn collect(run: &mut Run, git: &Git, prepared: &RunGit, merge: Merge) -> Result<Collected, Failure> {
    let size = if merge == Merge::Accepted { Size::Any } else { Size::Usual };
    let mut collected = take_over::collect(git, prepared, size)?;
    let (left, note) = left_uncommitted(git, prepared, &collected.head, &run.folder)?;
    collected.notes.extend(note);
    run.record.handed_over = left;
    run.record.collected = Some(collected.clone());
    run.save(Point::CollectedRecorded)?;
    Ok(collected)
}

/// The private git folder goes once everything in it is collected, and what a preparation that was cut short has made.
pub(super) fn discard(run: &Run, git: &Git) -> Result<(), Failure> {
    let spec = &run.record.spec;
    match (run.git(), &run.record.collected) {
        (Some(_), Some(work)) if !work.complete => Ok(()),
        (Some(prepared), _) => Ok(run_refs::discard(git, &prepared)?),
        (None, _) => Ok(run_refs::abandon(git, &spec.checkout.common_dir, &spec.name, run.folder.path())?),
    }
}

/// Merges if the plan says so, and records the outcome.
pub fn decide(run: &mut Run, git: &Git, prepared: &RunGit, collected: &Collected, merge: Merge) -> Result<(), Failure> {
    // One at a time in a repository: what is decided here must still be so when it is done.
    let door = run.folder.path().with_file_name(".merge");
    let _door = Lock::take(&door).map_err(|source| RunError::io("lock", &door, source))?;
    let ending = run.record.ending.unwrap_or(Ending::Lost);
    let wanted = match merge {
        Merge::Wanted | Merge::Accepted => true,
        Merge::AsPlanned => {
            ending.is_success() && run.record.spec.mode == Mode::Merge && !merge_blockers::branch_differs(collected)
        }
        Merge::No => false,
    };
    let collected = &match merge {
        Merge::Wanted | Merge::Accepted => fast_forward::as_rebased(git, prepared, collected)?,
        Merge::AsPlanned | Merge::No => collected.clone(),
    };
    if let Some(why) = changes::excess(git, &prepared.checkout.common_dir, prepared.base(), &collected.head)? {
        run.record.outcome = Some(Outcome::Refused);
        run.record.reason = Some(format!("{why}; it is kept in {}", prepared.kept().display()));
        return Ok(run.save(Point::OutcomeRecorded)?);
    }
    // The uncommitted files at the agent's end were recorded then.
    run.record.handed_over.retain(|file| file.uncommitted);
    run.record.handed_over.extend(review(git, prepared, collected)?);
    let hold = reason_to_review(&run.record.handed_over, collected).filter(|_| merge != Merge::Accepted);
    let taken_back = match merge {
        Merge::AsPlanned | Merge::Wanted if wanted => merge_blockers::target_set_back(git, prepared, collected)?,
        _ => None,
    };
    let (outcome, reason) = match wanted {
        _ if taken_back.is_some() => (Outcome::TargetSetBack, taken_back),
        true if hold.is_some() && (collected.new_commits > 0 || !collected.complete) => (Outcome::Refused, hold),
        true => {
            let merged = fast_forward::merge(git, prepared, collected)?;
            run.record.brought = brought(git, prepared, &merged)?;
            let (outcome, reason) = outcome_of(merged, collected);
            (outcome, if outcome == Outcome::Diverged { Some(moved_on(git, prepared, collected)?) } else { reason })
        }
        false => {
            (unmerged(ending, collected), merge_blockers::lost_commits(collected).or_else(|| not_taken_over(collected)))
        }
    };
    run.record.outcome = Some(outcome);
    run.record.reason = reason;
    Ok(run.save(Point::OutcomeRecorded)?)
}

fn unmerged(ending: Ending, collected: &Collected) -> Outcome {
    match ending {
        Ending::Exited { code: 0, .. } if matches!(collected.branch, BranchOutcome::GitLost { .. }) => Outcome::GitLost,
        Ending::Exited { code: 0, .. } if collected.new_commits == 0 && collected.complete => Outcome::NothingToMerge,
        Ending::Exited { code: 0, .. } if merge_blockers::branch_differs(collected) => Outcome::BranchMoved,
        Ending::Exited { code: 0, .. } => Outcome::Unmerged,
        Ending::Exited { .. } | Ending::OutOfDisk { .. } | Ending::Lost => Outcome::Failed,
        Ending::Stopped { .. } => Outcome::Stopped,
        Ending::TimedOut => Outcome::TimedOut,
    }
}

/// Why there is less of the agent's work than it made.
fn not_taken_over(collected: &Collected) -> Option<String> {
    match &collected.branch {
        BranchOutcome::GitLost { reason: why } | BranchOutcome::Packed { why } => Some(why.clone()),
        _ => None,
    }
}

/// How many commits a merge brought to the target.
fn brought(git: &Git, prepared: &RunGit, merged: &MergeOutcome) -> Result<Option<u64>, GitError> {
    let MergeOutcome::Merged { from, to } = merged else { return Ok(None) };
    refs::count(git, &prepared.checkout.common_dir, to, [from.as_str()]).map(Some)
}

/// How many commits the target has that the work does not build on, and what rebase or merge the user has begun.
fn moved_on(git: &Git, prepared: &RunGit, collected: &Collected) -> Result<String, GitError> {
    let (checkout, target) = (&prepared.checkout, &prepared.target);
    let count = refs::count(git, &checkout.common_dir, &target.reference(), [collected.head.as_str()])?;
    let moved = format!("{} has moved on by {count}", target.branch);
    let Some(operation) = worktrees::unfinished(&checkout.git_dir) else { return Ok(moved) };
    let conflicts = clashes::unmerged(git, &checkout.git_dir)?;
    let conflicts = if conflicts.is_empty() { String::new() } else { format!(" ({})", conflicts.join(", ")) };
    Ok(format!("{moved}, and {} waits in {}{conflicts}", operation.name, checkout.worktree.display()))
}

fn outcome_of(merged: MergeOutcome, collected: &Collected) -> (Outcome, Option<String>) {
    match (merged, &collected.branch) {
        (_, BranchOutcome::GitLost { reason }) => (Outcome::GitLost, Some(reason.clone())),
        (MergeOutcome::Merged { from, to }, _) => {
            (Outcome::Merged, Some(format!("{}..{}", refs::short(&from), refs::short(&to))))
        }
        // By hand, or by a bn that died before it could say so.
        (MergeOutcome::NothingToMerge, _) if collected.new_commits > 0 => {
            (Outcome::Merged, Some(format!("{} was there already", refs::short(&collected.head))))
        }
        (MergeOutcome::NothingToMerge, _) if !collected.complete => {
            (Outcome::Refused, Some("not all of the agent's work could be taken over".to_owned()))
        }
        (MergeOutcome::NothingToMerge, _) => (Outcome::NothingToMerge, None),
        // An agent that made no commit leaves nothing to merge, whatever its branch and the target had before.
        (MergeOutcome::Diverged, _) if collected.new_commits == 0 && collected.complete => {
            (Outcome::NothingToMerge, None)
        }
        (MergeOutcome::Diverged, BranchOutcome::BranchMoved { .. }) => (Outcome::BranchMoved, None),
        (MergeOutcome::Diverged, _) => (Outcome::Diverged, None),
        (MergeOutcome::TargetDirty { checkout, paths }, _) => {
            let reason = format!("uncommitted changes in {checkout} are in the way: {}", paths.join(", "));
            (Outcome::TargetDirty, Some(reason))
        }
        (MergeOutcome::TargetBusy { why }, _) => (Outcome::TargetBusy, Some(why)),
        (MergeOutcome::Refused { why }, _) => (Outcome::Refused, Some(why)),
    }
}

/// Ends the container of a run without an owner, so that the run can be finished.
pub fn halt(run: &mut Run, engine: &Engine, grace: Duration) -> Result<(), Failure> {
    let alive = engine.task(run.name())?.is_some_and(|task| task.status.is_alive());
    if alive {
        engine.terminate(run.name(), grace)?;
    }
    if run.record.ending.is_none() {
        let ending = ending(run, engine, None)?;
        run.record.ending = Some(if alive { as_stopped(ending) } else { ending });
    }
    Ok(())
}
