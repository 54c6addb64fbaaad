//! `bn container allow --check`: whether a run could reach a host, and by which rule.

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::{Context, Exit};
use crate::container::network::Network;
use crate::egress::host::Authority;
use crate::egress::live_rules::LivePolicy;
use crate::egress::policy::Policy;
use crate::egress::verdict::{self, Verdict};
use crate::error::{Failure, Usage};
use crate::run::record::run_json::NetworkSpec;
use crate::run::watch::proxy;

/// Where no port is named.
const HTTPS: u16 = 443;
/// Exit code where it could not be reached.
const CLOSED: Exit = Exit(1);

#[derive(Serialize)]
struct Checked {
    asked: String,
    open: bool,
    address: Option<IpAddr>,
    /// Why it is open, or why it is not.
    reason: String,
    /// What to give to `--allow`.
    allow: Option<String>,
    #[serde(skip)]
    next: Option<String>,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.open { "open" } else { "closed" };
        let address = self.address.map(|address| format!(" at {address}")).unwrap_or_default();
        writeln!(f, "{}{address} is {word}: {}", self.asked, self.reason)?;
        self.next.iter().try_for_each(|next| writeln!(f, "to open it: {next}"))
    }
}

/// `name` is a run that goes on; without it, one that would be begun without any rule is meant.
pub fn run(name: Option<&str>, host: &str, context: &Context) -> Result<Exit, Failure> {
    let asked = Authority::parse(host, Some(HTTPS))
        .map_err(|error| Usage::new(format!("--check {host}: {error}")).hint("such as: --check registry.corp:443"))?;
    let (network, policy) = match name {
        None => (of_no_run(), Policy::default()),
        Some(name) => {
            let spec = Runs::read(context)?.named(name, is_stoppable)?.record.spec;
            let policy = Policy::parse(&spec.network.allow, &spec.network.only)?;
            let policy = Policy::clone(&LivePolicy::new(policy, &proxy::rules(&spec.runtime)).now());
            (spec.network, policy)
        }
    };
    let checked = match network.mode {
        Network::Egress => by_policy(&policy, &asked, network.upstream_by_name, name)?,
        Network::Host => whole(&asked, true, "the run has this machine's own network"),
        Network::None => whole(&asked, false, "the run has no network"),
    };
    context.output.print(&checked)?;
    Ok(if checked.open { Exit::DONE } else { CLOSED })
}

fn of_no_run() -> NetworkSpec {
    let (allow, only, models) = (Vec::new(), Vec::new(), Vec::new());
    NetworkSpec { mode: Network::Egress, allow, only, upstream_by_name: false, models, origin: None }
}

fn whole(asked: &Authority, open: bool, reason: &str) -> Checked {
    Checked { asked: asked.to_string(), open, address: None, reason: reason.to_owned(), allow: None, next: None }
}

fn by_policy(policy: &Policy, asked: &Authority, unseen: bool, name: Option<&str>) -> Result<Checked, Failure> {
    Ok(match verdict::ask(policy, asked, unseen)? {
        Verdict::Open { address, rule } => {
            let reason = rule.map_or("every public host is".to_owned(), |rule| format!("by the rule {rule}"));
            Checked { address, ..whole(asked, true, &reason) }
        }
        Verdict::Unknown(error) => whole(asked, false, &error.to_string()),
        Verdict::Refused(refusal) => {
            let allow = refusal.remedy();
            let next = allow.as_ref().map(|rule| match name {
                Some(name) => format!("bn container allow {name} {rule}"),
                None => format!("bn container run --allow {rule} …"),
            });
            let never = if allow.is_none() { "; bn never opens that" } else { "" };
            let reason = format!("{refusal}{never}");
            Checked { address: refusal.address, allow, next, ..whole(asked, false, &reason) }
        }
    })
}
