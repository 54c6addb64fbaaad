//! The changes that a merge would bring.

use crate::git::host::changes::{self, ChangedPath};
use crate::git::host::{Git, GitError, refs};
use crate::git::private::RunGit;

/// Returns what a merge of this commit would change on the target. Where that cannot be fast-forwarded, returns what the run
/// changed.
pub fn changes(git: &Git, run: &RunGit, head: &str) -> Result<Vec<ChangedPath>, GitError> {
    changes::between(git, &run.checkout.common_dir, &base(git, run, head)?, head)
}

/// Returns the commit that these changes start from.
pub fn base(git: &Git, run: &RunGit, head: &str) -> Result<String, GitError> {
    let common = &run.checkout.common_dir;
    Ok(match refs::commit(git, common, &run.target.reference())? {
        Some(target) if refs::is_ancestor(git, common, &target, head)? => target,
        _ => run.base().to_owned(),
    })
}
