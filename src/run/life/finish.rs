//! The steps from an agent that ended to an outcome. Each can be taken again after a crash in the middle of it.

use crate::error::Failure;
use crate::failpoint::Point;
use crate::git::collect::collected::Collected;
use crate::git::collect::run_refs;
use crate::git::collect::take_over;
use crate::git::collect::trailers;
use crate::git::collect::unpacked::Size;
use crate::git::host::Git;
use crate::git::private::RunGit;
use crate::run::life::land::{self, Landing, Merge};
use crate::run::life::{landed, review, tell};
use crate::run::record::run::Run;
use crate::run::record::state::Outcome;

/// Removes what is not needed any more, and records what is nowhere else than with the run. The caller saves the record.
pub(super) fn tidy_up(run: &mut Run, git: &Git) -> Result<(), Failure> {
    let kept = match discard(run, git)? {
        true => Vec::new(),
        false => landed::kept(&run.record, &run.folder, git)?,
    };
    run.record.kept = kept.into_iter().filter(|kept| !kept.is_work()).collect();
    Ok(())
}

pub(super) fn add_notes(run: &mut Run, new: impl IntoIterator<Item = String>) {
    if let Some(collected) = &mut run.record.collected {
        collected.notes.extend(new);
    }
}

/// Collects and decides, each only if that is not recorded yet: what is recorded may be all that is left of the work.
pub(super) fn collect_and_merge(run: &mut Run, git: &Git, landing: &Landing<'_>) -> Result<(), Failure> {
    let Some(prepared) = run.git() else {
        // It died while it was prepared: no agent has run.
        run.record.outcome = Some(Outcome::NothingToMerge);
        return Ok(());
    };
    let collected = match run.record.collected.clone().filter(|work| work.complete) {
        Some(collected) => collected,
        None => collect(run, git, &prepared, landing.merge)?,
    };
    match run.record.outcome {
        Some(outcome) if matches!(landing.merge, Merge::AsPlanned | Merge::No) || !outcome.leaves_work() => Ok(()),
        _ => land::decide(run, git, &prepared, &collected, landing),
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
    let tree = review::tree(&prepared.checkout);
    let mut collected = take_over::collect(git, prepared, &tree, size)?;
    let (left, note) = review::left_uncommitted(&git.lately(), prepared, &tree, &collected.head, &run.folder)?;
    collected.notes.extend(note);
    run.record.handed_over = left;
    run.record.collected = Some(collected.clone());
    run.save(Point::CollectedRecorded)?;
    Ok(collected)
}

/// The private git folder goes once everything in it is collected, and what a preparation that was cut short has made. False where
/// something may be kept.
fn discard(run: &Run, git: &Git) -> Result<bool, Failure> {
    let spec = &run.record.spec;
    match (run.git(), &run.record.collected) {
        (Some(_), Some(work)) if !work.complete => Ok(false),
        (Some(prepared), _) => Ok(run_refs::discard(git, &prepared)?),
        (None, _) => {
            run_refs::abandon(git, &spec.checkout.common_dir, &spec.name, run.folder.path())?;
            Ok(false)
        }
    }
}
