//! Whose name stands on the agent's commits.

use crate::git::host::config::Config;

/// Name and email as the host's configuration has them for this checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub name: Option<String>,
    pub email: Option<String>,
}

/// What the user's own commits would bear.
pub fn of(config: &Config) -> Identity {
    let first = |keys: [&str; 2]| keys.iter().find_map(|key| config.get(key)).map(str::to_owned);
    Identity { name: first(["author.name", "user.name"]), email: first(["author.email", "user.email"]) }
}
