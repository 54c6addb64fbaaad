//! Whose name stands on the agent's commits.

use serde::{Deserialize, Serialize};

use super::checkout::Checkout;
use super::config::Config;
use super::{Git, GitError};

/// Name and email as the host's configuration has them for this checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub name: Option<String>,
    pub email: Option<String>,
}

/// What the user's own commits in this checkout would bear.
pub fn read(git: &Git, checkout: &Checkout) -> Result<Identity, GitError> {
    let config = Config::read(git, git.in_tree(&checkout.git_dir, &checkout.worktree), &checkout.worktree)?;
    Ok(of(&config))
}

pub fn of(config: &Config) -> Identity {
    let first = |keys: [&str; 2]| keys.iter().find_map(|key| config.get(key)).map(str::to_owned);
    Identity { name: first(["author.name", "user.name"]), email: first(["author.email", "user.email"]) }
}
