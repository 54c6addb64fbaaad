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
use crate::output::progress;
use crate::process::Cmd;
use crate::run::life::check::{self, Checked, Checker};
use crate::run::life::merge_blockers;
use crate::run::life::review::{reason_to_review, review};
use crate::run::life::verdict::Verdict;
use crate::run::record::RunError;
use crate::run::record::check::{Check, CheckSpec};
use crate::run::record::lock::Lock;
use crate::run::record::run::Run;
use crate::run::record::run_json::{Mode, Record};
use crate::run::record::state::{Ending, Outcome};

/// So often a target may move while what it would be is checked.
const MOST_TRIES: usize = 3;
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
#[derive(Clone)]
pub struct Landing<'a> {
    pub merge: Merge,
    pub wanted: Wanted,
    pub turn: Turn,
    pub try_first: TryFirst,
    /// With what that is tried. Nothing that has to be tried lands without.
    pub checker: Option<Checker<'a>>,
}

impl Landing<'_> {
    /// As it is, when its turn has come.
    pub fn of(merge: Merge) -> Self {
        Self { merge, wanted: Wanted::default(), turn: Turn::Wait, try_first: TryFirst::AsStarted, checker: None }
    }
}

/// What is tried before work lands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryFirst {
    /// What the run was started with.
    AsStarted,
    This(CheckSpec),
    Nothing,
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
    landing: &Landing<'_>,
) -> Result<(), Failure> {
    // One at a time in a repository: what is decided here must still be so when it is done.
    let step = landing.checker.map(|checker| checker.output.step("waiting for another run that lands here"));
    let turn = turn(run, landing.turn)?;
    drop(step);
    let Some(_turn) = turn else {
        let why = format!("another run is landing here; to wait for it: bn container merge {} --wait", run.name());
        return record(run, Verdict(Outcome::TargetBusy, Some(why)));
    };
    // Where nothing is to land, nothing is decided on the target.
    let git = &if collected.new_commits == 0 { git.remembering() } else { git.clone() };
    let before = run.record.clone();
    run.record.conflicts = Vec::new();
    let verdict = verdict(run, git, prepared, collected, landing)?;
    remake::tidy(prepared)?;
    if verdict.0 == Outcome::CheckFailed && before.outcome.is_some() && was_stopped(run) {
        run.record = Record { check: run.record.check.take(), ..before };
        run.save(Point::OutcomeRecorded)?;
        return Err(RunError::CheckStopped { name: run.name().to_owned() }.into());
    }
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
        progress::tick();
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
    landing: &Landing<'_>,
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
    for _ in 0..MOST_TRIES {
        let made = match remade(run, git, prepared, collected, landing)? {
            Ok(made) => made,
            Err(verdict) => return Ok(verdict),
        };
        let hold = look_through(run, git, prepared, &made)?.filter(|_| landing.merge != Merge::Accepted);
        match hold {
            _ if !asked && !planned => return Ok(Verdict::unmerged(ending, &made)),
            Some(hold) if made.new_commits > 0 || !made.complete => return Ok(Verdict::refused(hold)),
            _ => {}
        }
        match checked(run, git, prepared, &made, landing)? {
            Tried::Lands => return merged(run, git, prepared, &made),
            Tried::TargetMoved => {}
            Tried::Fails(verdict) => return Ok(verdict),
        }
    }
    let moves = format!("{} moved on {MOST_TRIES} times while the result was checked", prepared.target.branch);
    Ok(Verdict(Outcome::TargetBusy, Some(moves)))
}

/// What is known of a result before the target moves.
enum Tried {
    /// Nothing speaks against it.
    Lands,
    /// The target would be something else by now.
    TargetMoved,
    Fails(Verdict),
}

/// Tries what the target would be, where that is wanted.
fn checked(
    run: &mut Run,
    git: &Git,
    prepared: &RunGit,
    made: &Collected,
    landing: &Landing<'_>,
) -> Result<Tried, Failure> {
    let spec = match &landing.try_first {
        TryFirst::AsStarted => run.record.spec.check.clone(),
        TryFirst::This(spec) => Some(spec.clone()),
        TryFirst::Nothing => None,
    };
    let Some(spec) = spec else { return Ok(Tried::Lands) };
    let target = |git| refs::commit(git, &prepared.checkout.common_dir, &prepared.target.reference());
    let Some(before) = target(git)? else { return Ok(Tried::Lands) };
    let common = &prepared.checkout.common_dir;
    let fits = refs::is_ancestor(git, common, &before, &made.head)? && before != made.head;
    if !fits {
        // It goes nowhere, and the merge says why.
        return Ok(Tried::Lands);
    }
    let Some(checker) = landing.checker else {
        let why = format!("nothing can be checked here: {}", spec.command);
        return Ok(Tried::Fails(Verdict(Outcome::CheckFailed, Some(why))));
    };
    if check::check(run, git, prepared, &made.head, &spec, checker)? != Checked::Passed {
        let said = run.record.check.as_ref().map(Check::said);
        return Ok(Tried::Fails(Verdict(Outcome::CheckFailed, said)));
    }
    if landing.wanted.shape != Shape::FastForward && target(git)?.as_ref() != Some(&before) {
        let name = &prepared.target.branch;
        checker.output.note(format_args!("{name} has moved on meanwhile: what it would be now is checked"));
        return Ok(Tried::TargetMoved);
    }
    Ok(Tried::Lands)
}

fn was_stopped(run: &Run) -> bool {
    run.record.check.as_ref().is_some_and(|check| matches!(check.ending, Some(Ending::Stopped { .. })))
}

/// Records which files a person has to look at, and returns why.
fn look_through(run: &mut Run, git: &Git, prepared: &RunGit, collected: &Collected) -> Result<Option<String>, Failure> {
    // The uncommitted files at the agent's end were recorded then.
    run.record.handed_over.retain(|file| file.uncommitted);
    run.record.handed_over.extend(review(&git.lately(), prepared, collected)?);
    Ok(reason_to_review(&run.record.handed_over, collected))
}

/// The work in the shape that is wanted, or why there is none.
fn remade(
    run: &mut Run,
    git: &Git,
    prepared: &RunGit,
    collected: &Collected,
    landing: &Landing<'_>,
) -> Result<Result<Collected, Verdict>, Failure> {
    if landing.wanted.shape == Shape::FastForward || collected.new_commits == 0 {
        return Ok(Ok(collected.clone()));
    }
    let target = refs::commit(git, &prepared.checkout.common_dir, &prepared.target.reference())?;
    let Some(target) = target else { return Ok(Ok(collected.clone())) };
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
    Ok(Some(refs::apart(git, &prepared.checkout.common_dir, from, to)?.1))
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
