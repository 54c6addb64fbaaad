//! Runs that were tried again: the first one knows of the second, and is settled when that lands.

use crate::container::again::RetryOf;
use crate::error::Failure;
use crate::failpoint::Point;
use crate::git::collect::plan::WORK;
use crate::git::collect::run_refs;
use crate::git::host::{Git, refs};
use crate::run::life::tell;
use crate::run::record::folder::Folder;
use crate::run::record::run::Run;
use crate::run::record::run_json::Record;
use crate::run::record::state::{Outcome, State};

/// Writes down at the first run which one tries it again.
pub fn mark(run: &Run) -> Result<(), Failure> {
    let Some(mut first) = first(&run.folder, run.record.spec.retry_of.as_ref())? else { return Ok(()) };
    first.record.retried_by = Some(run.name().to_owned());
    first.save(Point::OutcomeRecorded)?;
    Ok(tell::tried_again(&first.record, run.name())?)
}

/// Settles the runs that this one has tried again, now that its work has landed. Returns what went wrong with any of them.
pub fn settle(run: &Run, git: &Git) -> Vec<String> {
    let (mut folder, mut of) = (run.folder.clone(), run.record.spec.retry_of.clone());
    let mut troubles = Vec::new();
    while let Some(wanted) = of {
        match settle_one(&folder, &wanted, run.name(), git) {
            Ok(Some((settled, next))) => (folder, of) = (settled, next),
            Ok(None) => break,
            Err(error) => {
                troubles.push(format!(
                    "{}, which {} has tried again, is not settled: {error}",
                    wanted.name,
                    run.name()
                ));
                break;
            }
        }
    }
    troubles
}

/// What a run was tried again for, where that was not settled before: its folder, and which one it has tried again itself.
fn settle_one(
    beside: &Folder,
    of: &RetryOf,
    by: &str,
    git: &Git,
) -> Result<Option<(Folder, Option<RetryOf>)>, Failure> {
    let Some(mut run) = first(beside, Some(of))? else { return Ok(None) };
    let next = run.record.spec.retry_of.clone();
    if run.record.state == State::Ended && run.record.outcome.is_some_and(Outcome::leaves_work) {
        run.record.outcome = Some(Outcome::Merged);
        run.record.reason = Some(format!("merged by {by}, which tried it again"));
        run.record.conflicts = Vec::new();
        run.save(Point::OutcomeRecorded)?;
        tell::merged_later(&run.record)?;
        if let Some(prepared) = run.git() {
            refs::delete(git, &prepared.kept(), &[prepared.reference(WORK)])?;
            run_refs::discard(git, &prepared)?;
        }
    }
    Ok(Some((run.folder.clone(), next)))
}

/// The run of that name and session beside this one, where nobody has it.
fn first(beside: &Folder, of: Option<&RetryOf>) -> Result<Option<Run>, Failure> {
    let Some(of) = of else { return Ok(None) };
    let folder = Folder::new(beside.path().with_file_name(&of.name));
    let is_it = |record: &Record| record.spec.session == of.session;
    if !Record::load(&folder).is_ok_and(|record| is_it(&record)) {
        return Ok(None);
    }
    Ok(Run::take_over(folder)?.filter(|run| is_it(&run.record)))
}
