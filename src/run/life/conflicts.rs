//! What two runs cannot share: a name, a worktree, a branch. Runs of all repositories count, because containerd has one list of names.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::git::host::Git;
use crate::run::life::landed;
use crate::run::life::plan::Plan;
use crate::run::record::RunError;
use crate::run::record::census::{Census, Seen};
use crate::run::record::run_json::Record;
use crate::run::record::state::State;
use crate::run::record::unreadable::Unreadable;

/// Refuses a second run of a worktree or branch, and the name of a run that keeps work which is nowhere else.
pub fn refuse(plan: &Plan, census: &Census, git: &Git) -> Result<(), Failure> {
    census.runs.iter().try_for_each(|seen| refuse_one(plan, seen, git))?;
    unreadable(plan, census).try_for_each(|run| refuse_unreadable(plan, run))
}

fn refuse_one(plan: &Plan, seen: &Seen, git: &Git) -> Result<(), Failure> {
    let (spec, other) = (&plan.spec, &seen.record);
    let (here, there) = (&spec.checkout, &other.spec.checkout);
    let name = other.name().to_owned();
    let unfinished = seen.owned || other.state.is_open() || other.state == State::CollectFailed;
    let hint = match seen.owned {
        true => format!("bn container stop {name}"),
        false => format!("bn container merge {name}, or give it up: bn container discard {name}"),
    };
    if unfinished && shares_worktree(plan, other) {
        let state = if seen.owned { other.state.to_string() } else { "interrupted".to_owned() };
        return Err(
            RunError::WorktreeInUse { worktree: other.spec.checkout.worktree.clone(), name, state, hint }.into()
        );
    }
    let same_repository = is_same_folder(&there.common_dir, &here.common_dir);
    let branch = there.branch.clone().filter(|_| same_repository && there.branch == here.branch);
    if let Some(branch) = branch.filter(|_| unfinished) {
        return Err(RunError::BranchInUse { branch, name, hint }.into());
    }
    if name == spec.name
        && (unfinished
            || other.keeps_rest(&seen.folder)
            || landed::is_orphaned(other, &seen.folder)
            || same_repository && !landed::kept(other, &seen.folder, git)?.is_empty())
    {
        let (why, hint) = match (seen.owned, unfinished) {
            (true, _) => ("is a run that is going on", "choose another with --name".to_owned()),
            (false, true) => ("is a run that was not finished", format!("finish it: {hint}; or take another --name")),
            (false, false) => {
                let hint = format!("choose another --name, or see what {name} keeps: bn container prune");
                ("is an ended run that keeps work that is nowhere else", hint)
            }
        };
        return Err(RunError::NameInUse { name, why, hint }.into());
    }
    Ok(())
}

/// Its worktree is not known, so the run has to end before another one starts.
fn refuse_unreadable(plan: &Plan, run: &Unreadable) -> Result<(), Failure> {
    if run.owned || run.name() == plan.spec.name {
        return Err(run.in_the_way(run.owned).into());
    }
    Ok(())
}

/// The runs of this repository whose record cannot be read: their worktree is not known.
pub fn unreadable<'a>(plan: &Plan, census: &'a Census) -> impl Iterator<Item = &'a Unreadable> {
    let here = plan.folder.path().parent().map(Path::to_owned);
    census.unreadable.iter().filter(move |run| run.folder.path().parent() == here.as_deref())
}

/// An agent writes all that is below its worktree: another's checkout there, its git file included. A folder can have
/// several names, and a checkout that has them has one git folder.
fn shares_worktree(plan: &Plan, other: &Record) -> bool {
    let (one, two) = (&other.spec.checkout, &plan.spec.checkout);
    is_below(&one.worktree, &two.worktree)
        || is_below(&two.worktree, &one.worktree)
        || is_same_folder(&one.git_dir, &two.git_dir)
}

/// Whether a folder is the other, or in it.
fn is_below(path: &Path, folder: &Path) -> bool {
    path.starts_with(folder)
        || identity(folder).is_some_and(|wanted| path.ancestors().any(|above| identity(above) == Some(wanted)))
}

fn is_same_folder(one: &PathBuf, two: &PathBuf) -> bool {
    one == two || identity(one).is_some_and(|one| identity(two) == Some(one))
}

/// Device and inode; of a folder that is gone, nothing.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_by_what_it_is() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        let link = top.path().join("link");
        std::os::unix::fs::symlink(top.path().join("a"), &link).unwrap();
        assert!(is_below(&link.join("b"), &top.path().join("a")) && is_below(&inner, &link));
        assert!(!is_below(&top.path().join("a"), &inner) && !is_below(Path::new("/gone/b"), Path::new("/gone/c")));
        assert!(is_same_folder(&link, &top.path().join("a")) && !is_same_folder(&link, &inner));
    }
}
