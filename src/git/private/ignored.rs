//! What the user has git ignore, as the agent's git should ignore it too.

use crate::git::host::checkout::Checkout;
use crate::git::host::{Git, GitError};
use crate::git::private::bare::optional;

/// The text for info/exclude: the user's own file, then the repository's.
pub fn excludes(git: &Git, checkout: &Checkout) -> Result<Vec<u8>, GitError> {
    let default = "--default=~/.config/git/ignore";
    let cmd = git.in_tree(&checkout.git_dir, &checkout.worktree);
    let answer = git.capture(&cmd.args(["config", "--type=path", default, "--get", "core.excludesFile"]))?;
    // Without a home there is no such file.
    let own = match answer.success() {
        true => optional(&checkout.worktree.join(crate::git::host::git::path_answer(&answer)))?.unwrap_or_default(),
        false => Vec::new(),
    };
    let repository = optional(&checkout.common_dir.join("info/exclude"))?.unwrap_or_default();
    Ok([&own[..], b"\n", &repository].concat())
}
