//! Where a repository's main checkout is. Git guesses that from the path of the git folder, which may lie elsewhere.

use std::path::{Path, PathBuf};

use crate::git::host::checkout::{self, Checkout};
use crate::git::host::target::Target;
use crate::git::host::{Git, GitError, discover, worktrees};

/// Returns the target with the place of the main checkout that has it, for the time when the work is to be merged there.
/// `near` is where the user is. An error where no merge could ever find it.
pub fn locate(git: &Git, checkout: &Checkout, target: Target, near: &Path) -> Result<Target, GitError> {
    let common_dir = &checkout.common_dir;
    let elsewhere = checkout.git_dir == *common_dir || is_bare(git, common_dir)?;
    if elsewhere || checkout::symbolic_head(git, common_dir)?.as_ref() != Some(&target.reference()) {
        return Ok(target);
    }
    match find(git, common_dir, near)? {
        None => Err(GitError::LostMainCheckout { common_dir: common_dir.clone(), branch: target.branch }),
        found => Ok(Target { checkout: found, ..target }),
    }
}

fn is_bare(git: &Git, common_dir: &Path) -> Result<bool, GitError> {
    let first = worktrees::list(git, common_dir)?.into_iter().next();
    Ok(first.is_none_or(|first| first.bare))
}

/// The checkout that the user is in, the one that the configuration names, or the folder around the git folder.
fn find(git: &Git, common_dir: &Path, near: &Path) -> Result<Option<PathBuf>, GitError> {
    let linked: Vec<PathBuf> = worktrees::list(git, common_dir)?.into_iter().skip(1).map(|one| one.path).collect();
    // An agent can write what it likes into a linked one.
    let is_main = |top: &PathBuf| leads_to(top, common_dir) && !linked.iter().any(|one| top.starts_with(one));
    let here = discover::place(near).ok().map(|place| place.top);
    let cmd = git.in_dir(common_dir).args(["config", "--type=path", "--get", "core.worktree"]);
    let configured = git.capture(&cmd)?;
    let configured = configured.success().then(|| common_dir.join(super::git::path_answer(&configured)));
    let around = common_dir.parent().map(Path::to_owned);
    let candidates = [here, configured.and_then(|path| path.canonicalize().ok()), around];
    Ok(candidates.into_iter().flatten().find(is_main))
}

/// Whether the `.git` of this folder is that git folder, names it, or is a link to it.
pub fn leads_to(top: &Path, common_dir: &Path) -> bool {
    discover::git_folder(top).ok().flatten().and_then(|found| found.canonicalize().ok()).as_deref() == Some(common_dir)
}
