//! Another target for a run that was begun for one.

use std::path::Path;

use crate::error::{Failure, Usage};
use crate::failpoint::Point;
use crate::git::host::{Git, main_checkout, target};
use crate::git::private::bare;
use crate::git::private::run_git::SEEN_TARGETS;
use crate::run::record::run::Run;
use crate::run::record::state::Outcome;

/// Records that the work of a run goes to this branch from now on. `near` is where the user is.
pub fn set(run: &mut Run, branch: &str, git: &Git, near: &Path) -> Result<(), Failure> {
    let (name, spec) = (run.name().to_owned(), &run.record.spec);
    let target = target::resolve(git, &spec.checkout.repository(), Some(branch))?;
    if target.branch == spec.target.branch {
        return Ok(());
    }
    if spec.checkout.branch.as_ref() == Some(&target.branch) {
        return Err(Usage::new(format!("--into {branch}: that is the branch on which {name} worked")).into());
    }
    if spec.checkout.branch.as_ref() == Some(&spec.target.branch) {
        return Err(Usage::new(format!("--into {branch}: {name} worked on {} itself", spec.target.branch)).into());
    }
    if run.record.outcome == Some(Outcome::Merged) {
        let told = format!("--into {branch}: the work of {name} is merged into {} already", spec.target.branch);
        return Err(Usage::new(told).hint(format!("git cherry-pick takes it from there to {branch}")).into());
    }
    let target = main_checkout::locate(git, &spec.checkout, target, near)?;
    let before = std::mem::replace(&mut run.record.spec.target, target).branch;
    run.record.first_target.get_or_insert(before);
    // Where the agent saw the other one says nothing of this one.
    bare::remove(run.folder.path(), SEEN_TARGETS)?;
    Ok(run.save(Point::OutcomeRecorded)?)
}
