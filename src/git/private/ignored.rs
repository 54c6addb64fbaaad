//! What the user has git ignore, as the agent's git should ignore it too.

use crate::git::host::checkout::Checkout;
use crate::git::host::config::{self, Config};
use crate::git::host::{Git, GitError};
use crate::git::private::bare::optional;

/// The text for info/exclude: the user's own file, then the repository's.
pub fn excludes(git: &Git, config: &Config, checkout: &Checkout) -> Result<Vec<u8>, GitError> {
    let named = config.get("core.excludesfile").unwrap_or("~/.config/git/ignore");
    // Without a home there is no such file.
    let own = match config::path(git, &checkout.git_dir, named) {
        Ok(path) => optional(&checkout.worktree.join(path))?.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let repository = optional(&checkout.common_dir.join("info/exclude"))?.unwrap_or_default();
    Ok([&own[..], b"\n", &repository].concat())
}
