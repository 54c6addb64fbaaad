//! The host's own proxy, where it has one: everything public leaves through it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::egress::host::{Authority, Host};
use crate::egress::rule::below;
use crate::env::ProxyVariables;
use crate::error::Explain;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NextHopError {
    #[error("{variable} names a {scheme} proxy, and bn speaks plain HTTP to the next proxy only")]
    Scheme { variable: &'static str, scheme: String },
    #[error("{variable} is not the address of a proxy")]
    Address { variable: &'static str },
}

impl Explain for NextHopError {
    fn hints(&self) -> Vec<String> {
        vec!["write http://proxy:3128, or unset it for bn".to_owned()]
    }
}

/// One proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub authority: Authority,
    /// The value of Proxy-Authorization.
    pub authorization: Option<String>,
}

/// Which way out the host itself uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NextHops {
    https: Option<Hop>,
    http: Option<Hop>,
    /// Suffixes and addresses that are reached directly.
    direct: Vec<String>,
    /// Whether the next proxy looks names up, and nobody checks the address it finds.
    pub by_name: bool,
}

impl NextHops {
    pub fn new(variables: &ProxyVariables, by_name: bool) -> Result<Self, NextHopError> {
        let hop =
            |variable, value: &Option<String>| value.as_deref().map(|text| Hop::parse(variable, text)).transpose();
        let no = variables.no.as_deref().unwrap_or_default();
        Ok(Self {
            https: hop("HTTPS_PROXY", &variables.https)?,
            http: hop("HTTP_PROXY", &variables.http)?,
            direct: no
                .split(',')
                .map(|part| part.trim().to_ascii_lowercase())
                .filter(|part| !part.is_empty())
                .collect(),
            by_name,
        })
    }

    /// The next proxy on the way to this host; `plain` for an http:// request.
    pub fn towards(&self, asked: &Authority, plain: bool) -> Option<&Hop> {
        let hop = if plain { self.http.as_ref() } else { self.https.as_ref() };
        hop.filter(|_| !asked.host.is_loopback() && !self.direct.iter().any(|part| fits(part, asked)))
    }
}

/// One part of NO_PROXY: `*`, a name with everything below it, or an address, each with a port where one is meant.
fn fits(part: &str, asked: &Authority) -> bool {
    let (part, port) = super::host::split_port(part).unwrap_or((part, None));
    let name = part.trim_start_matches('*').trim_start_matches('.');
    let host = match &asked.host {
        _ if part == "*" => true,
        Host::Name(own) => !name.is_empty() && below(own, name),
        Host::Address(own) => Host::parse(part) == Ok(Host::Address(*own)),
    };
    host && port.is_none_or(|port| port == asked.port)
}

impl Hop {
    fn parse(variable: &'static str, text: &str) -> Result<Self, NextHopError> {
        let rest = match text.split_once("://") {
            Some(("http", rest)) => rest,
            Some((scheme, _)) => return Err(NextHopError::Scheme { variable, scheme: scheme.to_owned() }),
            None => text,
        };
        let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, place) = place.rsplit_once('@').map_or((None, place), |(user, place)| (Some(user), place));
        let authority = Authority::parse(place, Some(80)).map_err(|_| NextHopError::Address { variable })?;
        let authorization = user.map(|user| format!("Basic {}", BASE64_STANDARD.encode(unescaped(user))));
        Ok(Self { authority, authorization })
    }
}

/// Undoes percent-encoding.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops(https: &str, no: &str) -> Result<NextHops, NextHopError> {
        NextHops::new(&ProxyVariables { https: Some(https.into()), http: None, no: Some(no.into()) }, false)
    }

    #[test]
    fn the_host_s_variables_are_understood() {
        let hops = hops("http://us%65r:p%40ss@proxy.corp:3128/", "corp, .lab.example,10.0.0.9,a.example:8443").unwrap();
        let towards = |text: &str| hops.towards(&Authority::parse(text, None).unwrap(), false);
        let hop = towards("github.com:443").unwrap();
        assert_eq!(hop.authority.to_string(), "proxy.corp:3128");
        assert_eq!(hop.authorization.as_deref(), Some("Basic dXNlcjpwQHNz"));
        for direct in [
            "git.corp:443",
            "corp:443",
            "x.lab.example:1",
            "10.0.0.9:80",
            "a.example:8443",
            "localhost:80",
            "127.0.0.1:80",
        ] {
            assert_eq!(towards(direct), None, "{direct}");
        }
        assert!(towards("notcorp:443").is_some() && towards("a.example:443").is_some());
        assert_eq!(hops.towards(&Authority::parse("github.com:80", None).unwrap(), true), None);
        assert!(
            self::hops("proxy:3128", "*")
                .unwrap()
                .towards(&Authority::parse("a.example:1", None).unwrap(), false)
                .is_none()
        );
    }

    #[test]
    fn proxies_that_cannot_be_used_are_named() {
        assert_eq!(
            hops("socks5://proxy:1080", "").unwrap_err().to_string(),
            "HTTPS_PROXY names a socks5 proxy, and bn speaks plain HTTP to the next proxy only"
        );
        assert_eq!(
            hops("http://user:secret@bad host", "").unwrap_err().to_string(),
            "HTTPS_PROXY is not the address of a proxy"
        );
    }
}
