//! The last decision on a run's work: whether it goes to its target, in what shape, and what became of that.

use std::time::{Duration, Instant};

use crate::error::Failure;
use crate::failpoint::Point;
use crate::git::collect::collected::Collected;
use crate::git::host::{Git, GitError, changes, refs, worktrees};
use crate::git::merge::clashes;
use crate::git::merge::conflict::Conflict;
use crate::git::merge::fast_forward::{self, MergeOutcome};
use crate::git::merge::remake::{self, Remade, Shape, Wanted};
use crate::git::private::RunGit;
use crate::process::Cmd;
use crate::run::life::merge_blockers;
use crate::run::life::review::{reason_to_review, review};
use crate::run::life::verdict::Verdict;
use crate::run::record::RunError;
use crate::run::record::lock::Lock;
use crate::run::record::run_json::{Mode, Run};
use crate::run::record::state::{Ending, Outcome};

/// How long another run that lands is waited for where nobody has asked to wait.
const PATIENCE: Duration = Duration::from_secs(10);

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

/// How work is to land.
#[derive(Clone, Debug)]
pub struct Landing {
    pub merge: Merge,
    pub wanted: Wanted,
    pub turn: Turn,
}

impl Landing {
    /// As it is, when its turn has come.
    pub fn of(merge: Merge) -> Self {
        Self { merge, wanted: Wanted::default(), turn: Turn::Wait }
    }
}

/// What happens while another run lands in the same repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The other one is waited for.
    Wait,
    /// The other one is waited for a moment, and then it is said.
    OrSay,
}

/// Merges if the plan says so, and records the outcome.
pub fn decide(
    run: &mut Run,
    git: &Git,
    prepared: &RunGit,
    collected: &Collected,
    landing: &Landing,
) -> Result<(), Failure> {
    // One at a time in a repository: what is decided here must still be so when it is done.
    let Some(_turn) = turn(run, landing.turn)? else {
        let why = format!("another run is landing here; to wait for it: bn container merge {} --wait", run.name());
        return record(run, Verdict(Outcome::TargetBusy, Some(why)));
    };
    run.record.conflicts = Vec::new();
    let verdict = verdict(run, git, prepared, collected, landing)?;
    remake::tidy(prepared)?;
    if verdict.0 == Outcome::Merged && landing.wanted.shape != Shape::FastForward {
        say_where_the_branch_is(run);
    }
    record(run, verdict)
}

/// Waits for the other runs that land in this repository. `None` where that takes too long.
fn turn(run: &Run, turn: Turn) -> Result<Option<Lock>, RunError> {
    let door = run.folder.path().with_file_name(".merge");
    let failed = |source| RunError::io("lock", &door, source);
    if turn == Turn::Wait {
        return Lock::take(&door).map(Some).map_err(failed);
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lock = Lock::try_take(&door).map_err(failed)?;
        if lock.is_some() || Instant::now() >= deadline {
            return Ok(lock);
        }
    }
}

fn record(run: &mut Run, Verdict(outcome, reason): Verdict) -> Result<(), Failure> {
    run.record.outcome = Some(outcome);
    run.record.reason = reason;
    Ok(run.save(Point::OutcomeRecorded)?)
}

fn verdict(
    run: &mut Run,
    git: &Git,
    prepared: &RunGit,
    collected: &Collected,
    landing: &Landing,
) -> Result<Verdict, Failure> {
    let ending = run.record.ending.unwrap_or(Ending::Lost);
    let asked = matches!(landing.merge, Merge::Wanted | Merge::Accepted);
    let planned = landing.merge == Merge::AsPlanned
        && ending.is_success()
        && run.record.spec.mode == Mode::Merge
        && !merge_blockers::branch_differs(collected);
    let collected = &if asked { fast_forward::as_rebased(git, prepared, collected)? } else { collected.clone() };
    if let Some(why) = changes::excess(git, &prepared.checkout.common_dir, prepared.base(), &collected.head)? {
        return Ok(Verdict::refused(format!("{why}; it is kept in {}", prepared.kept().display())));
    }
    if (asked || planned)
        && landing.merge != Merge::Accepted
        && let Some(why) = merge_blockers::target_set_back(git, prepared, collected)?
    {
        look_through(run, git, prepared, collected)?;
        return Ok(Verdict(Outcome::TargetSetBack, Some(why)));
    }
    let collected = match remade(run, git, prepared, collected, landing)? {
        Ok(collected) => collected,
        Err(verdict) => return Ok(verdict),
    };
    let hold = look_through(run, git, prepared, &collected)?.filter(|_| landing.merge != Merge::Accepted);
    match hold {
        _ if !asked && !planned => Ok(Verdict::unmerged(ending, &collected)),
        Some(hold) if collected.new_commits > 0 || !collected.complete => Ok(Verdict::refused(hold)),
        _ => merged(run, git, prepared, &collected),
    }
}

/// Records which files a person has to look at, and returns why.
fn look_through(run: &mut Run, git: &Git, prepared: &RunGit, collected: &Collected) -> Result<Option<String>, Failure> {
    // The uncommitted files at the agent's end were recorded then.
    run.record.handed_over.retain(|file| file.uncommitted);
    run.record.handed_over.extend(review(git, prepared, collected)?);
    Ok(reason_to_review(&run.record.handed_over, collected))
}

/// The work in the shape that is wanted, or why there is none.
fn remade(
    run: &mut Run,
    git: &Git,
    prepared: &RunGit,
    collected: &Collected,
    landing: &Landing,
) -> Result<Result<Collected, Verdict>, Failure> {
    let target = refs::commit(git, &prepared.checkout.common_dir, &prepared.target.reference())?;
    let (Some(target), true) = (target, landing.wanted.shape != Shape::FastForward && collected.new_commits > 0) else {
        return Ok(Ok(collected.clone()));
    };
    let common = &prepared.checkout.common_dir;
    let is_there = refs::is_ancestor(git, common, &collected.head, &target)?;
    let fits = landing.wanted.shape == Shape::Rebased && refs::is_ancestor(git, common, &target, &collected.head)?;
    if is_there || fits {
        return Ok(Ok(collected.clone()));
    }
    Ok(match remake::remake(git, prepared, collected, &target, &landing.wanted)? {
        Remade::Made(commit) => {
            // Written down first: who dies after the target has moved has landed all the same.
            if let Some(recorded) = &mut run.record.collected {
                recorded.remade = Some(commit.clone());
            }
            run.save(Point::OutcomeRecorded)?;
            let mut collected = collected.clone();
            collected.head = commit;
            Ok(collected)
        }
        Remade::There => Err(Verdict::there(collected)),
        Remade::Refused(why) => Err(Verdict::refused(why)),
        Remade::Conflicts(conflicts) => {
            let why = in_conflict(&prepared.target.branch, &conflicts);
            run.record.conflicts = conflicts;
            Err(Verdict(Outcome::Diverged, Some(why)))
        }
    })
}

fn merged(run: &mut Run, git: &Git, prepared: &RunGit, collected: &Collected) -> Result<Verdict, Failure> {
    let merged = fast_forward::merge(git, prepared, collected)?;
    run.record.brought = brought(git, prepared, &merged)?;
    let Verdict(outcome, reason) = Verdict::of(merged, collected);
    if outcome != Outcome::Diverged {
        return Ok(Verdict(outcome, reason));
    }
    let moved = moved_on(git, prepared, collected)?;
    if worktrees::unfinished(&prepared.checkout.git_dir).is_some() {
        return Ok(Verdict(outcome, Some(moved)));
    }
    // Where it cannot be tried, nothing is known of conflicts.
    run.record.conflicts = remake::conflicts(git, prepared, collected).unwrap_or_default();
    let both = match run.record.conflicts.as_slice() {
        [] => String::new(),
        conflicts => format!("; both changed {}", listed(conflicts)),
    };
    Ok(Verdict(outcome, Some(format!("{moved}{both}"))))
}

/// The commits that were made of the work are on the target alone.
fn say_where_the_branch_is(run: &mut Run) {
    let (spec, collected) = (&run.record.spec, &mut run.record.collected);
    let (Some(branch), Some(collected)) =
        (&spec.checkout.branch, collected.as_mut().filter(|work| work.remade.is_some()))
    else {
        return;
    };
    let reset = Cmd::new("git").arg("-C").arg(&spec.checkout.worktree).args(["reset", "--keep", &spec.target.branch]);
    collected
        .notes
        .push(format!("{branch} has the commits as they were made; to bring it to {}: {reset}", spec.target.branch));
}

fn in_conflict(target: &str, conflicts: &[Conflict]) -> String {
    format!("{target} has changed the same: {}", listed(conflicts))
}

fn listed(conflicts: &[Conflict]) -> String {
    conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
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
