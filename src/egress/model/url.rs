//! Where a model answers: the address that `--model-endpoint` names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::egress::host::{Authority, HostError};

/// Why a text is no such address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("it begins with https://")]
    Scheme,
    #[error("the key would go over the network unencrypted: write https://")]
    Plain,
    #[error("{0}")]
    Host(#[from] HostError),
    #[error("it has a user in it: the key goes into a variable")]
    User,
    #[error("it ends with its path, without ? and #")]
    Query,
    #[error("its path is not one")]
    Path,
}

/// A server, and the path below which it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Url {
    /// It speaks TLS.
    pub secure: bool,
    pub authority: Authority,
    /// Without a slash at its end; empty where there is none.
    pub path: String,
}

impl Url {
    /// What stands in the field `Host`.
    pub fn host_field(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        match self.authority.port == usual {
            true => self.authority.host.to_string(),
            false => self.authority.to_string(),
        }
    }

    /// Whether a request for this path stays below the own one, however a server reads it.
    pub fn covers(&self, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let below = path.strip_prefix(&self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below && path.starts_with('/') && !climbs(path)
    }
}

/// Whether any of its parts leads up, in any of the ways in which that is written.
fn climbs(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").replace('\\', "/");
    path.split('/').any(|part| matches!(part.split(';').next(), Some("." | "..")))
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(UrlError::Scheme),
        };
        if rest.contains(['?', '#']) {
            return Err(UrlError::Query);
        }
        let (place, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if place.contains('@') {
            return Err(UrlError::User);
        }
        let authority = Authority::parse(place, Some(if secure { 443 } else { 80 }))?;
        if !secure && !authority.host.is_loopback() {
            return Err(UrlError::Plain);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        let path = path.trim_end_matches('/');
        if !path.bytes().all(plain) || path.contains("//") || climbs(path) {
            return Err(UrlError::Path);
        }
        Ok(Self { secure, authority, path: path.to_owned() })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.host_field(), self.path)
    }
}

impl TryFrom<String> for Url {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        text.parse()
    }
}

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_means_one_server_and_one_path() {
        for (text, shown) in [
            ("https://api.example.com", "https://api.example.com"),
            ("HTTPS://API.example.com:443/", "https://api.example.com"),
            ("https://gateway.example:8443/team/v1/", "https://gateway.example:8443/team/v1"),
            ("http://localhost:11434/v1", "http://localhost:11434/v1"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(shown.parse(), Ok(url));
        }
        for (text, error) in [
            ("api.example.com", UrlError::Scheme),
            ("ftp://api.example.com", UrlError::Scheme),
            ("http://api.example.com", UrlError::Plain),
            ("https://me:key@api.example.com", UrlError::User),
            ("https://api.example.com/v1?key=x", UrlError::Query),
            ("https://api.example.com/a/../b", UrlError::Path),
            ("https://api.example.com/a b", UrlError::Path),
            ("https://api.example.com/a\r\nX: y", UrlError::Path),
            ("https://", UrlError::Host(HostError::Empty)),
        ] {
            assert_eq!(text.parse::<Url>(), Err(error), "{text}");
        }
    }

    #[test]
    fn no_spelling_of_a_path_leaves_the_one_that_was_named() {
        let url: Url = "https://gateway.example/team/v1".parse().unwrap();
        for path in ["/team/v1", "/team/v1/", "/team/v1/messages?beta=true", "/team/v1/a..b/c.", "/team/v1/x?y=/../.."]
        {
            assert!(url.covers(path), "{path}");
        }
        for path in [
            "/",
            "/team/v2",
            "/team/v1x",
            "/team/v1/../admin",
            "/team/v1/%2e%2E/admin",
            "/team/v1/..%2fadmin",
            "/team/v1/..\\admin",
            "/team/v1/..;x/admin",
            "/team/v1/./x",
            "//team/v1",
        ] {
            assert!(!url.covers(path), "{path}");
        }
        let root: Url = "https://api.example".parse().unwrap();
        assert!(root.covers("/v1/messages") && !root.covers("*") && !root.covers("/v1/.."));
    }
}
