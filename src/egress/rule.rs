//! One rule of `--allow` or `--only`: what it names, and whether it can have an effect at all.

use std::fmt;
use std::net::IpAddr;

use crate::egress::address::{Kind, Network, is_metadata_name};
use crate::egress::host::{Host, HostError, split_port};
use crate::egress::sets;
use crate::error::{Explain, USAGE};

/// A rule that is wrong, or would do nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("{rule:?} is not a host: {source}")]
    Host { rule: String, source: HostError },
    #[error("{rule:?} is a URL; a rule names a host")]
    Url { rule: String, host: String },
    #[error("{rule:?} has a slash, and a rule names a host")]
    Path { rule: String, host: String },
    #[error("{rule:?} is read as the address {address}: an address is written with four numbers")]
    Spelling { rule: String, address: IpAddr },
    #[error("{rule:?}: a wildcard is written *.example.com")]
    Wildcard { rule: String },
    #[error("{rule:?} is not a network: address/bits, with no bit set after those")]
    Network { rule: String },
    #[error("there is no set of hosts called {rule}")]
    Set { rule: String },
    #[error("{rule:?} has no effect: {kind}, which bn never opens")]
    Never { rule: String, kind: Kind },
    #[error("{rule:?} opens a port of this machine's loopback: name the port")]
    LoopbackPort { rule: String },
    #[error("{rule:?} has no effect: every public host is open already, and {what} opens nothing private")]
    OpenAlready { rule: String, what: &'static str },
    #[error("{rule:?} has no effect: without --only, all public hosts are open already")]
    Everything { rule: String },
}

impl Explain for RuleError {
    fn hints(&self) -> Vec<String> {
        match self {
            RuleError::Url { host, .. } => vec![format!("write {host}")],
            RuleError::Host { source: HostError::Character, rule } if !rule.is_ascii() => {
                vec!["write the name as DNS has it: xn--…".to_owned()]
            }
            RuleError::Path { rule, .. } | RuleError::Wildcard { rule } if rule.starts_with(['.', '/', '~']) => {
                vec!["a worktree goes before --only, which takes all words behind it".to_owned()]
            }
            RuleError::Path { host, .. } => vec![format!("write {host}")],
            RuleError::Spelling { rule, .. } if rule.parse::<u16>().is_ok_and(|port| port > 0) => {
                vec![format!("a port goes with its host, each with its own: x.org:443,x.org:{rule}")]
            }
            RuleError::Spelling { address, .. } => vec![format!("write {address}")],
            RuleError::Set { .. } => vec![format!("sets: {}", sets::names()), "see bn container allow-sets".to_owned()],
            RuleError::LoopbackPort { .. } => vec!["such as --allow localhost:11434".to_owned()],
            RuleError::OpenAlready { .. } | RuleError::Everything { .. } => {
                vec!["leave it out, or use --only for an allowlist".to_owned()]
            }
            _ => Vec::new(),
        }
    }

    fn exit_code(&self) -> u8 {
        USAGE
    }
}

/// What a rule names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Exactly this name.
    Name(String),
    /// Every name below this one.
    Below(String),
    /// These addresses, whatever the name was.
    Network(Network),
    /// This machine's loopback: the whole of `localhost`, or one address.
    Loopback(Option<IpAddr>),
}

/// A target and the one port of it that is meant; all ports where none is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    pub target: Target,
    pub port: Option<u16>,
}

impl Rule {
    /// Reads one rule that is no set.
    pub fn parse(rule: &str) -> Result<Self, RuleError> {
        let host_error = |source| RuleError::Host { rule: rule.to_owned(), source };
        if let Some((_, rest)) = rule.split_once("://") {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            return Err(RuleError::Url {
                rule: rule.to_owned(),
                host: host.rsplit('@').next().unwrap_or_default().to_owned(),
            });
        }
        if rule.contains('/') {
            return network(rule).ok_or_else(|| no_network(rule));
        }
        let (text, port) = split_port(rule).map_err(host_error)?;
        if let Some(parent) = text.strip_prefix("*.") {
            return match Host::parse(parent).map_err(host_error)? {
                Host::Name(name) => Ok(Self { target: Target::Below(name), port }),
                Host::Address(_) => Err(RuleError::Wildcard { rule: rule.to_owned() }),
            };
        }
        if text.contains('*') || text.starts_with('.') {
            return Err(RuleError::Wildcard { rule: rule.to_owned() });
        }
        let target = match Host::parse(text).map_err(host_error)? {
            Host::Address(address) if is_number(text) => {
                return Err(RuleError::Spelling { rule: rule.to_owned(), address });
            }
            host if host.is_loopback() => Target::Loopback(match host {
                Host::Address(address) => Some(address.to_canonical()),
                Host::Name(_) => None,
            }),
            Host::Address(address) => Target::Network(Network::one(address.to_canonical())),
            Host::Name(name) => Target::Name(name),
        };
        Ok(Self { target, port })
    }

    /// Why the rule could never let anything through, beyond what is open without it.
    pub fn check(&self, allowlist: bool) -> Result<(), RuleError> {
        let rule = self.to_string();
        match &self.target {
            Target::Name(name) | Target::Below(name) if is_metadata_name(name) => {
                Err(RuleError::Never { rule, kind: Kind::Metadata })
            }
            Target::Name(name) | Target::Below(name) if below(name, "localhost") => {
                Err(RuleError::Never { rule, kind: Kind::Loopback })
            }
            Target::Below(_) if !allowlist => Err(RuleError::OpenAlready { rule, what: "a wildcard" }),
            Target::Loopback(_) if self.port.is_none() => Err(RuleError::LoopbackPort { rule }),
            Target::Network(network) => match network.kind() {
                Some(kind) if !kind.can_be_opened() => Err(RuleError::Never { rule, kind }),
                _ if !allowlist && network.is_public() => Err(RuleError::OpenAlready { rule, what: "this" }),
                _ => Ok(()),
            },
            Target::Name(_) | Target::Below(_) | Target::Loopback(_) => Ok(()),
        }
    }

    fn fits(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }

    /// Whether it names exactly this name.
    pub fn names(&self, name: &str, port: u16) -> bool {
        self.fits(port) && matches!(&self.target, Target::Name(own) if own == name)
    }

    /// Whether it is a wildcard above this name.
    pub fn is_above(&self, name: &str, port: u16) -> bool {
        self.fits(port) && matches!(&self.target, Target::Below(own) if own != name && below(name, own))
    }

    /// Whether it names this address.
    pub fn holds(&self, address: IpAddr, port: u16) -> bool {
        self.fits(port) && matches!(&self.target, Target::Network(network) if network.contains(address.to_canonical()))
    }

    /// Whether it opens this loopback address.
    pub fn opens_loopback(&self, address: IpAddr, port: u16) -> bool {
        const LOCALHOST: [IpAddr; 2] =
            [IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)];
        let address = address.to_canonical();
        match self.target {
            Target::Loopback(own) => {
                self.port == Some(port) && own.map_or(LOCALHOST.contains(&address), |own| own == address)
            }
            _ => false,
        }
    }
}

/// One number stands for an address, and is meant for something else.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit())
}

/// What has a slash is meant for a network where an address stands before it, and otherwise for a path.
fn no_network(rule: &str) -> RuleError {
    let rule = rule.to_owned();
    let before = rule.split('/').next().unwrap_or_default();
    match before.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(_) => RuleError::Network { rule },
        Err(_) => RuleError::Path { host: before.to_owned(), rule },
    }
}

/// Whether `name` is `parent`, or a name below it.
pub fn below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// `10.1.0.0/16`, and `[fd12::]/16` or `fd12::/16`, with `:port` behind it where one is meant.
fn network(rule: &str) -> Option<Rule> {
    let (address, rest) = rule.split_once('/')?;
    let (prefix, port) = match rest.split_once(':') {
        Some((prefix, port)) => (prefix, Some(port.parse().ok().filter(|port| *port != 0)?)),
        None => (rest, None),
    };
    let address = address.strip_prefix('[').map_or(Some(address), |inner| inner.strip_suffix(']'))?;
    let network = Network::new(address.parse().ok()?, prefix.parse().ok()?)?;
    Some(Rule { target: Target::Network(network), port })
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bracketed = |address: &IpAddr| Host::Address(*address).to_string();
        match (&self.target, self.port) {
            (Target::Name(name), _) => f.write_str(name)?,
            (Target::Below(name), _) => write!(f, "*.{name}")?,
            (Target::Loopback(None), _) => f.write_str("localhost")?,
            (Target::Loopback(Some(address)), _) => f.write_str(&bracketed(address))?,
            (Target::Network(network), Some(_)) if network.is_one() => match network.to_string() {
                text if text.contains(':') => write!(f, "[{text}]")?,
                text => f.write_str(&text)?,
            },
            (Target::Network(network), _) => network.fmt(f)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests;
