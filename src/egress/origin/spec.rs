//! Which repository it is, and what may be pushed there.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::egress::model::url::{Url, UrlError};

/// The address of a remote, without the user in it.
pub fn address(remote: &str) -> Result<Url, UrlError> {
    let Some((scheme, rest)) = remote.split_once("://") else { return Err(UrlError::Scheme) };
    let (place, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    format!("{scheme}://{host}{path}").parse()
}

/// What an agent may push to its worktree's origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Push {
    #[default]
    No,
    /// The branch that is checked out in its worktree.
    Branch,
    /// Any branch and tag, and their removal.
    All,
}

/// The origin of a run that may push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub url: Url,
    /// Of the container's loopback.
    pub port: u16,
    /// The one ref that may be pushed; `None` where all may.
    pub only: Option<String>,
}

impl Origin {
    /// What the agent's git has for the remote.
    pub fn inside(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.url.path)
    }

    /// What `gh` needs where no remote has the server's name.
    pub fn variables(&self) -> Option<(String, String)> {
        let path = self.url.path.trim_start_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let is_plain = path.split('/').filter(|part| !part.is_empty()).count() == 2;
        is_plain.then(|| ("GH_REPO".to_owned(), format!("{}/{path}", self.url.authority.host)))
    }

    /// Whether git asks this of a repository.
    pub fn covers(&self, method: &str, target: &str) -> bool {
        let Some(rest) = target.strip_prefix(&self.url.path) else { return false };
        matches!(
            (method, rest),
            ("GET", "/info/refs?service=git-upload-pack" | "/info/refs?service=git-receive-pack")
                | ("POST", "/git-upload-pack" | "/git-receive-pack")
        )
    }

    /// Whether it is for the server's part of Git LFS.
    pub fn is_lfs(&self, target: &str) -> bool {
        target.strip_prefix(&self.url.path).is_some_and(|rest| rest.starts_with("/info/lfs/"))
    }

    /// Whether what is sent there changes refs.
    pub fn is_push(&self, target: &str) -> bool {
        target.strip_prefix(&self.url.path) == Some("/git-receive-pack")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin { url: url.parse().unwrap(), port: 3131, only: None }
    }

    #[test]
    fn nothing_but_the_protocol_of_one_repository_is_covered() {
        let origin = origin("https://git.example/team/repo.git");
        for (method, target) in [
            ("GET", "/team/repo.git/info/refs?service=git-upload-pack"),
            ("GET", "/team/repo.git/info/refs?service=git-receive-pack"),
            ("POST", "/team/repo.git/git-upload-pack"),
            ("POST", "/team/repo.git/git-receive-pack"),
        ] {
            assert!(origin.covers(method, target), "{method} {target}");
        }
        for (method, target) in [
            ("GET", "/team/repo.git"),
            ("GET", "/team/repo.git/info/refs"),
            ("GET", "/team/repo.git/info/refs?service=git-upload-archive"),
            ("GET", "/team/repo.git/info/refs?service=git-upload-pack&x=/../.."),
            ("POST", "/team/repo.git/info/refs?service=git-upload-pack"),
            ("GET", "/team/repo.git/git-receive-pack"),
            ("POST", "/team/repo.git/git-receive-pack?x"),
            ("POST", "/team/repo.git/../other/git-receive-pack"),
            ("POST", "/team/repo.git/%2e%2e/other/git-receive-pack"),
            ("POST", "/team/repo.git/info/lfs/objects/batch"),
            ("POST", "/team/repo.git2/git-receive-pack"),
            ("POST", "//team/repo.git/git-receive-pack"),
            ("DELETE", "/team/repo.git/git-receive-pack"),
            ("GET", "/api/v4/user"),
        ] {
            assert!(!origin.covers(method, target), "{method} {target}");
        }
    }

    #[test]
    fn a_remote_s_address_has_no_user_in_it() {
        let shown = |remote: &str| address(remote).map(|url| url.to_string());
        assert_eq!(shown("https://me:to%40ken@git.example/a/b.git").as_deref(), Ok("https://git.example/a/b.git"));
        assert_eq!(shown("https://git.example/a@b"), Err(UrlError::Path));
        assert_eq!(shown("git@git.example:a/b.git"), Err(UrlError::Scheme));
        assert_eq!(shown("http://git.example/a/b"), Err(UrlError::Plain));
    }

    #[test]
    fn gh_learns_what_repository_it_is() {
        let of = |url: &str| origin(url).variables().map(|(_, value)| value);
        assert_eq!(of("https://github.com/me/tool.git").as_deref(), Some("github.com/me/tool"));
        assert_eq!(of("https://git.example:8443/me/tool").as_deref(), Some("git.example/me/tool"));
        assert_eq!(of("https://git.example/group/sub/tool"), None);
        assert_eq!(origin("https://github.com/me/tool.git").inside(), "http://127.0.0.1:3131/me/tool.git");
    }
}
