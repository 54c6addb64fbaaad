//! The repository's remotes as the agent has them: without credentials.

use crate::git::host::config::{Config, ConfigText};
use crate::git::private::ways::Ways;

/// Copies the remotes and what branches track. Returns what to tell the user.
pub fn copy(config: &Config, ways: &Ways, text: &mut ConfigText) -> Vec<String> {
    let mut notes = Vec::new();
    let remotes = config.subsections("remote");
    for name in &remotes {
        let get = |key: &str| config.get(&format!("remote.{name}.{key}"));
        let Some(url) = get("url") else { continue };
        if *name == "host" {
            notes.push("the agent does not see your remote `host`: the name stands for this machine inside".to_owned());
            continue;
        }
        let key = |key: &str| format!("remote.{name}.{key}");
        text.set(&key("url"), ways.lead(name, &without_credentials(url)));
        let default = format!("+refs/heads/*:refs/remotes/{name}/*");
        text.set(&key("fetch"), get("fetch").unwrap_or(&default));
    }
    for branch in config.subsections("branch") {
        let get = |key: &str| config.get(&format!("branch.{branch}.{key}"));
        let (Some(remote), Some(merge)) = (get("remote"), get("merge")) else { continue };
        if remote == "." || remotes.contains(&remote) && remote != "host" {
            text.set(&format!("branch.{branch}.remote"), remote);
            text.set(&format!("branch.{branch}.merge"), merge);
        }
    }
    notes
}

/// Copies which submodules are active, and where they are from. Of what runs a program (`update`) nothing comes across.
pub fn copy_submodules(config: &Config, text: &mut ConfigText) {
    if let Some(active) = config.get("submodule.active") {
        text.set("submodule.active", active);
    }
    for name in config.subsections("submodule") {
        let key = |key: &str| format!("submodule.{name}.{key}");
        if let Some(url) = config.get(&key("url")) {
            text.set(&key("url"), &without_credentials(url));
        }
        for own in ["active", "branch", "ignore"].map(key) {
            config.get(&own).into_iter().for_each(|value| text.set(&own, value));
        }
    }
}

/// The user's part of a URL can be a token even where there is no password; a query can hold one too. Over ssh the
/// user's name is needed, and is none.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |end| rest.split_at(end));
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let ssh = scheme.split('+').any(|part| part == "ssh");
    let user = user.filter(|_| ssh).map(|user| user.split(':').next().unwrap_or_default());
    let path = if scheme == "file" { path } else { path.split(['?', '#']).next().unwrap_or_default() };
    let at = user.map(|user| format!("{user}@")).unwrap_or_default();
    format!("{scheme}://{at}{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credentials_are_left_in_a_url() {
        for (url, plain) in [
            ("https://github.com/a/b.git", "https://github.com/a/b.git"),
            ("https://ghp_token@github.com/a/b", "https://github.com/a/b"),
            ("https://user:p%40ss@host:8443/a?private_token=x", "https://host:8443/a"),
            ("https://us@er:pass@host/a@b", "https://host/a@b"),
            ("ssh://git:secret@host:22/a", "ssh://git@host:22/a"),
            ("git+ssh://git@host/a", "git+ssh://git@host/a"),
            ("https://token@host?x", "https://host"),
            ("git@github.com:a/b.git", "git@github.com:a/b.git"),
            ("/srv/git/a", "/srv/git/a"),
            ("file:///srv/a?b", "file:///srv/a?b"),
        ] {
            assert_eq!(without_credentials(url), plain);
        }
    }
}
