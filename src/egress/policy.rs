//! Which hosts may be reached: decided first by the name that was asked for, then by exactly the address that is dialled.

use std::fmt;
use std::net::IpAddr;

use crate::egress::address::{Kind, classify, is_metadata_name};
use crate::egress::host::{Authority, Host};
use crate::egress::rule::{Rule, RuleError, Target, below};
use crate::egress::sets;

/// The rules of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether only what a rule names is open.
    allowlist: bool,
    rules: Vec<Rule>,
}

/// Why somebody was not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is an allowlist, and it is not on it.
    NotListed,
    /// It stands at such an address.
    Kind(Kind),
    /// It is one of this machine's own addresses, or a name for them.
    ThisMachine,
    /// A name of the loopback other than `localhost`.
    NamesLoopback,
}

/// A refusal: what was asked for, and what would have let it through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub asked: Authority,
    pub address: Option<IpAddr>,
    pub reason: Reason,
}

impl Refusal {
    /// The rule to give to `--allow`, where one exists.
    pub fn remedy(&self) -> Option<String> {
        let opens = match self.reason {
            Reason::NotListed => true,
            // Its address as such counts as public; the machine's services are `localhost`.
            Reason::ThisMachine => matches!(self.asked.host, Host::Name(_)),
            Reason::Kind(Kind::Loopback) => self.asked.host.is_loopback(),
            Reason::Kind(kind) => kind.can_be_opened(),
            Reason::NamesLoopback => false,
        };
        opens.then(|| match (&self.asked.host, self.address) {
            // The address is what a rule can name; the odd spelling around it is not.
            (Host::Address(asked), _) => format!("{}:{}", Host::Address(asked.to_canonical()), self.asked.port),
            _ => self.asked.to_string(),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::NotListed => f.write_str("not on the allowlist"),
            Reason::Kind(kind) => kind.fmt(f),
            Reason::ThisMachine => f.write_str("this machine's own address"),
            Reason::NamesLoopback => f.write_str("loopback address under another name than localhost"),
        }
    }
}

impl Policy {
    /// Reads the rules of a command line. `only` makes it an allowlist, which `allow` is added to.
    pub fn parse(allow: &[String], only: &[String]) -> Result<Self, RuleError> {
        let mut policy = Self { allowlist: !only.is_empty(), rules: Vec::new() };
        policy.add(only)?;
        policy.add(allow)?;
        Ok(policy)
    }

    /// Returns the policy with these rules added.
    pub fn with_rules(&self, allow: &[String]) -> Result<Self, RuleError> {
        let mut policy = self.clone();
        policy.add(allow)?;
        Ok(policy)
    }

    fn add(&mut self, texts: &[String]) -> Result<(), RuleError> {
        for text in texts {
            if text == "*" {
                let rule = text.clone();
                return Err(match self.allowlist {
                    true => RuleError::Everything { rule },
                    false => RuleError::OpenAlready { rule, what: "a wildcard" },
                });
            }
            let rules = match text.starts_with('@') {
                true => expand(text)?,
                false => vec![checked(text, self.allowlist)?],
            };
            self.rules.extend(rules);
        }
        Ok(())
    }

    /// The ports of this machine's loopback that are open, in order.
    pub fn loopback_ports(&self) -> Vec<u16> {
        let loopback = |rule: &Rule| matches!(rule.target, Target::Loopback(_));
        let mut ports: Vec<u16> =
            self.rules.iter().filter(|rule| loopback(rule)).filter_map(|rule| rule.port).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Judges what was asked for before any name is looked up: a name by the rules alone, an address in full.
    pub fn admit(&self, asked: &Authority) -> Result<(), Refusal> {
        let refuse = |reason| Err(Refusal { asked: asked.clone(), address: None, reason });
        match &asked.host {
            Host::Address(address) => self.admit_address(asked, *address),
            Host::Name(name) if is_metadata_name(name) => refuse(Reason::Kind(Kind::Metadata)),
            Host::Name(name) if name == "localhost" => match self.loopback_ports().contains(&asked.port) {
                true => Ok(()),
                false => refuse(Reason::Kind(Kind::Loopback)),
            },
            Host::Name(name) if below(name, "localhost") => refuse(Reason::NamesLoopback),
            Host::Name(name) => {
                let by_address = |rule: &Rule| matches!(rule.target, Target::Network(_));
                let open = !self.allowlist || self.lists(name, asked.port) || self.rules.iter().any(by_address);
                if open { Ok(()) } else { refuse(Reason::NotListed) }
            }
        }
    }

    /// Judges a name that another proxy will look up, so that no address can decide.
    pub fn admit_unseen(&self, asked: &Authority) -> Result<(), Refusal> {
        self.admit(asked)?;
        match &asked.host {
            Host::Name(name) if self.allowlist && !self.lists(name, asked.port) => {
                Err(Refusal { asked: asked.clone(), address: None, reason: Reason::NotListed })
            }
            _ => Ok(()),
        }
    }

    /// The last word: whether what was asked for may be reached at this address.
    pub fn admit_address(&self, asked: &Authority, address: IpAddr) -> Result<(), Refusal> {
        let refuse = |reason| Err(Refusal { asked: asked.clone(), address: Some(address), reason });
        let kind = classify(address);
        let named = self.names(asked, address);
        match kind {
            Kind::Loopback if !asked.host.is_loopback() => refuse(Reason::NamesLoopback),
            Kind::Loopback if self.rules.iter().any(|rule| rule.opens_loopback(address, asked.port)) => Ok(()),
            _ if !kind.can_be_opened() => refuse(Reason::Kind(kind)),
            _ if named => Ok(()),
            _ if self.allowlist && !self.is_below(asked) => refuse(Reason::NotListed),
            Kind::Public => Ok(()),
            _ => refuse(Reason::Kind(kind)),
        }
    }

    /// The same for a public address that turns out to be this machine's own.
    pub fn admit_own_address(&self, asked: &Authority, address: IpAddr) -> Result<(), Refusal> {
        self.admit_address(asked, address)?;
        match self.names(asked, address) || asked.host.is_loopback() {
            true => Ok(()),
            false => Err(Refusal { asked: asked.clone(), address: Some(address), reason: Reason::ThisMachine }),
        }
    }

    /// Whether a rule names the host or its address exactly.
    fn names(&self, asked: &Authority, address: IpAddr) -> bool {
        self.rules.iter().any(|rule| match &asked.host {
            Host::Name(name) => rule.names(name, asked.port) || rule.holds(address, asked.port),
            Host::Address(_) => rule.holds(address, asked.port),
        })
    }

    /// The rule by which it is open; none where every public host is.
    pub fn rule_for(&self, asked: &Authority, address: Option<IpAddr>) -> Option<String> {
        let holds = |rule: &Rule| {
            let by_address = address
                .is_some_and(|address| rule.holds(address, asked.port) || rule.opens_loopback(address, asked.port));
            let by_name = match &asked.host {
                Host::Name(name) => rule.names(name, asked.port) || rule.is_above(name, asked.port),
                Host::Address(_) => false,
            };
            by_address || by_name
        };
        self.rules.iter().find(|rule| holds(rule)).map(Rule::to_string)
    }

    fn is_below(&self, asked: &Authority) -> bool {
        match &asked.host {
            Host::Name(name) => self.rules.iter().any(|rule| rule.is_above(name, asked.port)),
            Host::Address(_) => false,
        }
    }

    fn lists(&self, name: &str, port: u16) -> bool {
        self.rules.iter().any(|rule| rule.names(name, port) || rule.is_above(name, port))
    }
}

fn checked(text: &str, allowlist: bool) -> Result<Rule, RuleError> {
    let rule = Rule::parse(text)?;
    rule.check(allowlist)?;
    Ok(rule)
}

/// The rules of a set. Those that do nothing without an allowlist are no mistake of the user's here.
fn expand(name: &str) -> Result<Vec<Rule>, RuleError> {
    let set = sets::find(name).ok_or_else(|| RuleError::Set { rule: name.to_owned() })?;
    set.hosts.iter().map(|host| Rule::parse(host)).collect()
}

#[cfg(test)]
mod tests;
