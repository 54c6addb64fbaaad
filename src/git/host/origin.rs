//! The remote `origin`, and what the user's git knows to sign in there with.

use std::path::Path;
use std::time::Duration;

use crate::git::host::{Git, GitError, git};

/// How long a credential helper may take: it may ask the user to touch a key.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a push goes, as the user's git has it: with what its configuration makes of the URL. `None` where there is no such remote.
pub fn push_url(git: &Git, git_dir: &Path) -> Result<Option<String>, GitError> {
    let cmd = git.in_dir(git_dir).args(["remote", "get-url", "--push", "origin"]);
    let captured = git.capture(&cmd)?;
    let url = captured.text().lines().next().unwrap_or_default().to_owned();
    Ok(captured.success().then_some(url).filter(|url| !url.is_empty()))
}

/// A user and a password, from the user's credential helpers. Nobody is asked in a terminal, and nothing is stored.
pub fn credential(git: &Git, git_dir: &Path, url: &str) -> Result<(String, String), GitError> {
    let refused = |reason: &str| GitError::Failed {
        what: "sign in with a credential of yours".to_owned(),
        reason: reason.to_owned(),
    };
    if url.contains(['\n', '\0']) {
        return Err(refused("the URL has a line end in it"));
    }
    let cmd = git.in_dir(git_dir).env("SSH_ASKPASS", "").args(["-c", "core.askPass=", "credential", "fill"]);
    let captured = git.capture_within(&cmd, format!("url={url}\n\n").as_bytes(), PATIENCE)?;
    if !captured.success() {
        return Err(git::refused("sign in with a credential of yours", &captured));
    }
    let text = captured.text();
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned);
    match (value("username"), value("password")) {
        (Some(user), Some(password)) if !password.is_empty() => Ok((user, password)),
        _ => Err(refused("no credential helper has one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Bench;

    #[test]
    fn the_users_helpers_are_asked_and_nobody_else() {
        let bench = Bench::linked();
        let git_dir = bench.path("repo/.git");
        assert_eq!(push_url(&bench.git, &git_dir).unwrap(), None);
        bench.sh("git -C repo remote add origin https://me@git.example/a/b.git");
        let url = push_url(&bench.git, &git_dir).unwrap().unwrap();
        assert_eq!(url, "https://me@git.example/a/b.git");
        let error = credential(&bench.git, &git_dir, &url).unwrap_err().to_string();
        assert!(error.starts_with("git cannot sign in with a credential of yours: "), "{error}");
        bench.sh(
            "git config --global credential.https://git.example.helper '!f() { cat > asked; echo password=pa:ss; }; f'",
        );
        assert_eq!(credential(&bench.git, &git_dir, &url).unwrap(), ("me".to_owned(), "pa:ss".to_owned()));
        let asked = bench.sh("cat repo/.git/asked");
        assert!(asked.contains("host=git.example") && asked.contains("username=me"), "{asked}");
        assert!(credential(&bench.git, &git_dir, "https://a\nhost=evil.example").is_err());
        bench.sh("git config --global url.https://mirror.example/.pushInsteadOf https://me@git.example/");
        assert_eq!(push_url(&bench.git, &git_dir).unwrap().unwrap(), "https://mirror.example/a/b.git");
    }
}
