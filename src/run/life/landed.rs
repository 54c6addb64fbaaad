//! Runs whose work has come to its target by another way than their own merge: rebased by hand, or by a later run.

use crate::error::Failure;
use crate::failpoint::Point;
use crate::git::collect::collected::Kept;
use crate::git::collect::kept;
use crate::git::collect::run_refs::{self, KeptRef};
use crate::git::host::{Git, GitError};
use crate::git::merge::landed;
use crate::git::private::kept_git;
use crate::run::life::tell;
use crate::run::record::census::{Seen, survey};
use crate::run::record::folder::Folder;
use crate::run::record::run::Run;
use crate::run::record::run_json::Record;
use crate::run::record::state::{Outcome, State};

/// Looks at the other runs of the repository after one has been merged, and records those whose work came with it.
///
/// Returns what went wrong with any of them: that one has no part in it is no reason to fail.
pub fn settle_others(run: &Run, git: &Git) -> Vec<String> {
    let Some(runs) = run.folder.path().parent() else { return Vec::new() };
    let others = match survey(runs) {
        Ok(census) => census.runs,
        Err(error) => return vec![format!("the other runs cannot be checked: {error}")],
    };
    let others = others.into_iter().filter(|other| other.record.name() != run.name() && may_have_landed(other));
    let troubles = others.filter_map(|other| {
        let name = other.record.name().to_owned();
        settle(other, git).err().map(|error| format!("whether the work of {name} has landed is not known: {error}"))
    });
    troubles.collect()
}

/// Whether a run left work behind that may be on its target by now.
pub fn may_have_landed(seen: &Seen) -> bool {
    let record = &seen.record;
    let left = record.outcome.is_some_and(Outcome::leaves_work);
    let there = seen.git().is_some_and(|git| kept_git::has_its_source(&git));
    !seen.owned && record.state == State::Ended && left && there && record.start.is_some()
}

/// Records that the work of a run has landed, and tells the graph. False where it has not.
pub fn settle(seen: Seen, git: &Git) -> Result<bool, Failure> {
    let Some(mut run) = Run::take_over(seen.folder)? else { return Ok(false) };
    let (Some(prepared), Some(collected)) = (run.git(), run.record.collected.clone()) else {
        return Ok(false);
    };
    if collected.new_commits == 0 || !collected.complete || !landed::is_there(git, &prepared, &collected)? {
        return Ok(false);
    }
    run.record.outcome = Some(Outcome::Merged);
    run.record.reason = Some(format!("its work reached {} by another merge", run.record.spec.target.branch));
    run.save(Point::OutcomeRecorded)?;
    tell::merged_later(&run.record)?;
    Ok(true)
}

/// Whether a run left work, and the repository for it was moved or removed, or another one was made in its place: the refs of
/// the run are all that names the commits.
pub fn is_orphaned(record: &Record, folder: &Folder) -> bool {
    let commits = record.collected.as_ref().is_some_and(|collected| collected.new_commits > 0);
    let work = commits && record.outcome.is_some_and(Outcome::leaves_work);
    (work || !record.kept.is_empty()) && record.git(folder).is_some_and(|git| !kept_git::has_its_source(&git))
}

/// What is nowhere else than with a run.
pub fn kept(record: &Record, folder: &Folder, git: &Git) -> Result<Vec<Kept>, GitError> {
    let Some(prepared) = record.git(folder) else { return Ok(Vec::new()) };
    kept::all(git, &prepared, &unmerged(record, folder, git)?, record.collected.as_ref())
}

/// The work of a run that its target does not have, in whatever commits.
pub fn unmerged(record: &Record, folder: &Folder, git: &Git) -> Result<Vec<KeptRef>, GitError> {
    let Some(prepared) = record.git(folder).filter(|run| kept_git::can_be_asked(git, run)) else {
        return Ok(Vec::new());
    };
    let mut kept = run_refs::unmerged(git, &prepared)?;
    if let Some(collected) = record.collected.as_ref().filter(|_| !kept.is_empty())
        && landed::is_there(git, &prepared, collected)?
    {
        kept.retain(|kept| kept.id != collected.head);
    }
    Ok(kept)
}
