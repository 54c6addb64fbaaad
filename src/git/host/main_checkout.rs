//! Where a repository's main checkout is. Git guesses that from the path of the git folder, which may lie elsewhere.

use std::path::{Path, PathBuf};

use crate::git::host::checkout::Checkout;
use crate::git::host::config::Config;
use crate::git::host::git::path_answer;
use crate::git::host::target::Target;
use crate::git::host::{Git, GitError, discover, worktrees};

/// Returns the target with the place of the main checkout that has it, for the time when the work is to be merged there.
/// `near` is where the user is. An error where no merge could ever find it.
pub fn locate(git: &Git, checkout: &Checkout, target: Target, near: &Path) -> Result<Target, GitError> {
    let common_dir = &checkout.common_dir;
    let main = worktrees::list(git, common_dir)?.into_iter().next().filter(|main| !main.bare);
    let has_it = main.is_some_and(|main| main.branch == Some(target.reference()));
    if checkout.git_dir == *common_dir || !has_it {
        return Ok(target);
    }
    match find(git, checkout, near)? {
        None => Err(GitError::LostMainCheckout { common_dir: common_dir.clone(), branch: target.branch }),
        found => Ok(Target { checkout: found, ..target }),
    }
}

/// The checkout that the user is in, the one that the configuration names, or the folder around the git folder.
fn find(git: &Git, checkout: &Checkout, near: &Path) -> Result<Option<PathBuf>, GitError> {
    let common_dir = &checkout.common_dir;
    let linked: Vec<PathBuf> = worktrees::list(git, common_dir)?.into_iter().skip(1).map(|one| one.path).collect();
    // An agent can write what it likes into a linked one.
    let is_main = |top: &PathBuf| leads_to(top, common_dir) && !linked.iter().any(|one| top.starts_with(one));
    let here = discover::place(near).ok().map(|place| place.top);
    let configured = configured(git, checkout)?;
    let around = common_dir.parent().map(Path::to_owned);
    let candidates = [here, configured.and_then(|path| path.canonicalize().ok()), around];
    Ok(candidates.into_iter().flatten().find(is_main))
}

/// The folder that the configuration names, of all checkouts or of the main one alone.
fn configured(git: &Git, checkout: &Checkout) -> Result<Option<PathBuf>, GitError> {
    let (common_dir, worktree) = (&checkout.common_dir, &checkout.worktree);
    let cmd = match worktree.is_dir() {
        true => git.in_tree(&checkout.git_dir, worktree),
        // One that is still to be made.
        false => git.in_dir(common_dir),
    };
    let all = Config::read(git, cmd, worktree)?;
    if all.get("core.worktree").is_none() && !common_dir.join("config.worktree").exists() {
        return Ok(None);
    }
    let cmd = git.in_dir(common_dir).args(["config", "--type=path", "--get", "core.worktree"]);
    let found = git.capture(&cmd)?;
    Ok(found.success().then(|| common_dir.join(path_answer(&found))))
}

/// Whether the `.git` of this folder is that git folder, names it, or is a link to it.
pub fn leads_to(top: &Path, common_dir: &Path) -> bool {
    discover::git_folder(top).ok().flatten().and_then(|found| found.canonicalize().ok()).as_deref() == Some(common_dir)
}
