//! `bn container port`: lead a port of this machine to one of a container that runs, or list those that do.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cli::container::PortArgs;
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::{Context, Exit};
use crate::data_dir::DataDir;
use crate::env::{Env, random};
use crate::error::{Failure, Usage};
use crate::ports::published::Published;
use crate::ports::refusal;
use crate::ports::state::{Port, Ports, Wish, add};
use crate::run::record::RunError;
use crate::run::record::census::{Seen, all};
use crate::run::watch::ports;

/// How long the owner of a run may take to open a port.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the container may take to say that it can connect.
const DIALLER: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);

/// A port that is open.
#[derive(Clone, Debug, Serialize)]
pub struct Open {
    /// Where this machine listens.
    pub addresses: Vec<SocketAddr>,
    /// The container's port.
    pub port: u16,
}

impl Open {
    /// Those of a run. Without an owner nothing is open.
    pub fn all(seen: &Seen) -> Result<Vec<Self>, RunError> {
        let ports = if seen.owned { read(seen)? } else { Ports::default() };
        Ok(ports.open().map(Self::of).collect())
    }

    fn of(port: &Port) -> Self {
        Self { addresses: port.addresses.clone(), port: port.port }
    }
}

impl fmt::Display for Open {
    /// As short as it can be: the address where it is not the loopback.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addresses.first() {
            Some(address) if address.ip().is_loopback() => write!(f, "{}->{}", address.port(), self.port),
            Some(address) => write!(f, "{address}->{}", self.port),
            None => write!(f, "{}", self.port),
        }
    }
}

#[derive(Serialize)]
struct Listing {
    name: String,
    ports: Vec<Open>,
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Open { addresses, port } in &self.ports {
            for address in addresses {
                writeln!(f, "{address} leads to port {port} of {}", self.name)?;
            }
        }
        Ok(())
    }
}

pub fn run(args: &PortArgs, context: &Context) -> Result<Exit, Failure> {
    let wanted = args.port.as_deref().map(str::parse::<Published>).transpose()?;
    let seen = Runs::read(context)?.named(&args.name, is_stoppable)?;
    let name = seen.record.name().to_owned();
    if !seen.owned {
        return Err(anyhow::anyhow!("{name} is not running: its ports are closed").into());
    }
    if !seen.record.spec.has_own_network() {
        let own = Usage::new(format!("{name} has this machine's own network: its ports are this machine's"));
        return Err(own.hint("what listens inside can be reached as it is").into());
    }
    let ports = match wanted {
        Some(wanted) => vec![open(&seen, wanted, context)?],
        None => Open::all(&seen)?,
    };
    if ports.is_empty() && !context.output.is_json() {
        context.output.note(format_args!("no port leads to {name}: bn container port {name} PORT opens one"));
    }
    context.output.print(&Listing { name, ports })?;
    Ok(Exit::DONE)
}

fn open(seen: &Seen, wanted: Published, context: &Context) -> Result<Open, Failure> {
    let name = seen.record.name();
    if let Some(there) = read(seen)?.open().find(|port| is_asked_for(port, &wanted)) {
        return Ok(Open::of(there));
    }
    if let Some(warning) = wanted.warning() {
        context.output.note(warning);
    }
    let wish = Wish { word: format!("{:x}", random()?), published: wanted };
    let file = ports::wishes(&seen.record.spec.runtime);
    add(&file, &wish).map_err(|source| RunError::io("write", &file, source))?;
    let port = answer(seen, &wish)?;
    if let Some(why) = port.error {
        let holder = run_at(wanted.host_port, &context.env);
        let why = holder.map_or(why, |run| refusal(wanted.host_port, Some(&run), ""));
        let taken = Usage::new(format!("{name}: {why}"));
        return Err(taken.hint(format!("any port that is free: bn container port {name} :{}", port.port)).into());
    }
    say_who_is_missing(seen, context)?;
    Ok(Open::of(&port))
}

/// The run that has this port of the machine's.
pub fn run_at(port: u16, env: &Env) -> Option<String> {
    let runs = all(DataDir::resolve(env).ok()?.repositories()).ok()?.runs;
    let has = |open: &Open| open.addresses.iter().any(|address| address.port() == port);
    let holds = |seen: &&Seen| Open::all(seen).is_ok_and(|open| open.iter().any(has));
    runs.iter().find(holds).map(|seen| seen.record.name().to_owned())
}

/// Whether it is open already. A free port is as good as another.
fn is_asked_for(port: &Port, wanted: &Published) -> bool {
    let host = |address: &SocketAddr| wanted.host_port == 0 || address.port() == wanted.host_port;
    let there = |address: &SocketAddr| wanted.address.map_or(address.ip().is_loopback(), |ip| ip == address.ip());
    port.port == wanted.port && port.addresses.iter().any(|address| host(address) && there(address))
}

/// Waits for what the owner says of the wish.
fn answer(seen: &Seen, wish: &Wish) -> Result<Port, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = read(seen)?.ports.into_iter().find(|port| port.word == wish.word);
        match found {
            Some(port) => return Ok(port),
            None if Instant::now() < deadline => std::thread::sleep(POLL),
            None => {
                let name = seen.record.name();
                return Err(anyhow::anyhow!(
                    "the owner of {name} does not open the port: it ended, or is of an older bn"
                )
                .into());
            }
        }
    }
}

/// An image whose bn is older has nobody who connects.
fn say_who_is_missing(seen: &Seen, context: &Context) -> Result<(), RunError> {
    let deadline = Instant::now() + DIALLER;
    while !read(seen)?.dialler {
        if Instant::now() >= deadline {
            let name = seen.record.name();
            context.output.note(format_args!(
                "nobody in {name} takes connections yet; where its image has an older bn nobody will: bn container build"
            ));
            break;
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

fn read(seen: &Seen) -> Result<Ports, RunError> {
    let file = seen.folder.ports();
    Ports::read(&file).map_err(|source| RunError::io("read", &file, source))
}
