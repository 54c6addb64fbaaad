//! A throw-away checkout of what a target would be. It borrows all objects of the repository, and has a configuration of its own:
//! no filter, no hook and no attribute of anybody's counts while it is made.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::git::host::checkout::{Checkout, Layout};
use crate::git::host::config::ConfigText;
use crate::git::host::git::refused;
use crate::git::host::{Git, GitError, repository};
use crate::git::merge::borrowed;
use crate::git::private::RunGit;

/// How long git may take to write the files.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// Makes the checkout in `place`, which must not be there. It is on a branch called like the target, at `commit`.
pub fn create(git: &Git, run: &RunGit, commit: &str, place: &Path) -> Result<Checkout, GitError> {
    fs::create_dir_all(place).map_err(GitError::io("make", place))?;
    let worktree = repository::canonical(place)?;
    let git_dir = worktree.join(".git");
    let mut text = ConfigText::default();
    text.set("core.bare", "false");
    borrowed::create(git, run, &git_dir, &format!("ref: {}", run.target.reference()), text)?;
    git.read("set a ref", &git.isolated(&git_dir).args(["update-ref", &run.target.reference(), commit]))?;
    let cmd = git.isolated(&git_dir).arg(format!("--work-tree={}", worktree.display())).directory(&worktree);
    let answer = git.capture_within(&cmd.args(["read-tree", "-u", "--reset", commit]), &[], TIME_LIMIT)?;
    if !answer.success() {
        return Err(refused("check out what the target would be", &answer));
    }
    Ok(Checkout {
        main_worktree: worktree.clone(),
        common_dir: git_dir.clone(),
        git_dir,
        worktree,
        layout: Layout::Plain,
        branch: Some(run.target.branch.clone()),
        head: commit.to_owned(),
        object_format: run.checkout.object_format.clone(),
    })
}
