//! `bn container allow`: open more of the network to a run that is going on.

use std::fmt;

use serde::Serialize;

use crate::cli::container::AllowArgs;
use crate::commands::container::allow_check;
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::{Context, Exit};
use crate::container::network::Network;
use crate::egress::live_rules::add;
use crate::egress::policy::Policy;
use crate::error::{Failure, Usage};
use crate::run::watch::proxy;

#[derive(Serialize)]
struct Allowed<'a> {
    name: &'a str,
    hosts: &'a [String],
}

impl fmt::Display for Allowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} may reach {}", self.name, self.hosts.join(", "))
    }
}

pub fn run(args: &AllowArgs, context: &Context) -> Result<Exit, Failure> {
    if let Some(host) = &args.check {
        return allow_check::run(args.name.as_deref(), host, context);
    }
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "running", is_stoppable)?;
    let spec = &seen.record.spec;
    if !seen.owned {
        return Err(anyhow::anyhow!("{} is not running", seen.record.name()).into());
    }
    if spec.network.mode != Network::Egress {
        return Err(Usage::new(format!(
            "{} does not use --network egress: there is nothing to open",
            seen.record.name()
        ))
        .into());
    }
    let policy = Policy::parse(&spec.network.allow, &spec.network.only)?;
    add(&proxy::rules(&spec.runtime), &policy, &args.hosts)?;
    context.output.print(&Allowed { name: seen.record.name(), hosts: &args.hosts })?;
    Ok(Exit::DONE)
}
