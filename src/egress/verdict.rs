//! Whether a host may be reached, for the proxy and for whoever asks beforehand.

use std::io;
use std::net::IpAddr;

use crate::egress::dns::{LookupError, Resolver};
use crate::egress::host::{Authority, Host};
use crate::egress::own_address::is_own;
use crate::egress::policy::{Policy, Refusal};

/// What the policy says of one address.
pub fn judge(policy: &Policy, asked: &Authority, address: IpAddr) -> Result<(), Refusal> {
    match is_own(address) {
        true => policy.admit_own_address(asked, address),
        false => policy.admit_address(asked, address),
    }
}

/// What would become of a connection.
#[derive(Debug)]
pub enum Verdict {
    /// It is let through to this address, by this rule; without one, as every public host is. No address where another proxy looks
    /// the name up.
    Open {
        address: Option<IpAddr>,
        rule: Option<String>,
    },
    Refused(Refusal),
    /// Its name leads nowhere.
    Unknown(LookupError),
}

/// Asks as the proxy does, and connects to nothing. With `unseen`, another proxy looks names up.
pub fn ask(policy: &Policy, asked: &Authority, unseen: bool) -> io::Result<Verdict> {
    if unseen && matches!(asked.host, Host::Name(_)) {
        return Ok(match policy.admit_unseen(asked) {
            Ok(()) => Verdict::Open { address: None, rule: policy.rule_for(asked, None) },
            Err(refusal) => Verdict::Refused(refusal),
        });
    }
    if let Err(refusal) = policy.admit(asked) {
        return Ok(Verdict::Refused(refusal));
    }
    let addresses = match &asked.host {
        Host::Address(address) => vec![*address],
        Host::Name(name) => match look_up(name)? {
            Ok(addresses) => addresses,
            Err(error) => return Ok(Verdict::Unknown(error)),
        },
    };
    let mut refused = None;
    for address in addresses {
        match judge(policy, asked, address) {
            Ok(()) => {
                return Ok(Verdict::Open { address: Some(address), rule: policy.rule_for(asked, Some(address)) });
            }
            Err(refusal) => drop(refused.get_or_insert(refusal)),
        }
    }
    Ok(refused.map_or(Verdict::Unknown(LookupError::NoSuchName), Verdict::Refused))
}

fn look_up(name: &str) -> io::Result<Result<Vec<IpAddr>, LookupError>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(Resolver::system().lookup(name)))
}
