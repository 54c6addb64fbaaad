//! What a merge would bring.

use crate::git::host::changes::{self, ChangedPath};
use crate::git::host::{Git, GitError, refs};
use crate::git::private::RunGit;

/// What a merge of this commit would change on the target; where that cannot be merged, what the run changed.
pub fn to_target(git: &Git, run: &RunGit, head: &str) -> Result<Vec<ChangedPath>, GitError> {
    let common = &run.checkout.common_dir;
    let target = refs::commit(git, common, &run.target.reference())?;
    let from = match target {
        Some(target) if refs::is_ancestor(git, common, &target, head)? => target,
        _ => run.base().to_owned(),
    };
    changes::between(git, common, &from, head)
}
