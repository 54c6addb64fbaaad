//! `bn container inspect`: everything about a run, as JSON, the way docker and podman print it.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::Serialize;

use crate::cli::container::InspectArgs;
use crate::commands::container::find::{Runs, any};
use crate::commands::container::port::Open;
use crate::commands::{Context, Exit};
use crate::container::wall::Wall;
use crate::egress::model::tally::Counts;
use crate::error::Failure;
use crate::run::engine::process::Watched;
use crate::run::record::run_json::Record;
use crate::run::watch::told::{self, Told};
use crate::run::watch::{proxy, wall};
use crate::sanitize;

#[derive(Serialize)]
struct Inspected {
    record: Record,
    owned: bool,
    /// Ports of this machine that lead to the container's.
    ports: Vec<Open>,
    /// What models were asked, through endpoints that keep their keys outside.
    models: Counts,
    /// What the agent was told while it worked.
    told: Vec<Told>,
    /// What is really on, where the container runs.
    wall: Option<Wall>,
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?;
        writeln!(f, "{}", sanitize::json(&text))
    }
}

pub fn run(args: &InspectArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "there are", any)?;
    let wall = match seen.record.pid {
        Some(pid) if seen.record.state.is_open() => standing_wall(pid, seen.record.name())?,
        _ => None,
    };
    let ports = Open::all(&seen)?;
    let models = proxy::asked(&seen.record.spec, &seen.folder)?;
    let told = told::all(&seen.folder);
    context.output.print(&Inspected { record: seen.record, owned: seen.owned, ports, models, told, wall })?;
    Ok(Exit::DONE)
}

/// `None` where the container does not run, or ends while it is looked at.
fn standing_wall(pid: u32, name: &str) -> io::Result<Option<Wall>> {
    let Some(watched) = Watched::find(pid, name)? else { return Ok(None) };
    match wall::inspect(pid) {
        // The kernel takes a process apart piece by piece: what cannot be read any more goes before the process has ended.
        Err(_) if watched.ends_within(Duration::from_secs(1))? => Ok(None),
        wall => wall.map(Some),
    }
}
