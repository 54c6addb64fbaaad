//! The way into a run's container: ports of the host that its owner leads there while the agent works.

use std::path::{Path, PathBuf};

use crate::container::network::Network;
use crate::error::{Failure, Usage};
use crate::ports::published::{Published, check_apart};
use crate::ports::state::{Port, Wish};
use crate::ports::{self, Door, DoorSpec};
use crate::run::record::folder::Folder;
use crate::run::record::run_json::RunSpec;

/// In the container: the folder with the socket of the host.
pub const INSIDE: &str = "/run/binnacle/ports";

/// The same folder on the host.
pub fn folder(runtime: &Path) -> PathBuf {
    runtime.join("ports")
}

/// Ports that were added while the run is on. Not below the folder that the container sees.
pub fn wishes(runtime: &Path) -> PathBuf {
    runtime.join("ports-wished")
}

/// Refuses ports that could not be led anywhere, before anything is done. `run_at` knows which runs have ports. Returns what the user should
/// hear.
pub fn check(
    published: &[Published],
    network: Network,
    run_at: impl Fn(u16) -> Option<String>,
) -> Result<Vec<String>, Failure> {
    if network == Network::Host && !published.is_empty() {
        let own = Usage::new("--publish: with --network host the ports of the container are this machine's own");
        return Err(own.hint("leave out --publish: what listens inside can be reached as it is").into());
    }
    check_apart(published)?;
    published.iter().try_for_each(|wanted| ports::check(wanted).map_err(|error| error.held_by(&run_at)))?;
    Ok(published.iter().filter_map(Published::warning).collect())
}

/// Opens the ports. They close with the value that is returned.
pub fn open(spec: &RunSpec, run: &Folder) -> Result<Option<Door>, Failure> {
    if !spec.has_own_network() {
        return Ok(None);
    }
    let first = spec.publish.iter().enumerate();
    let first = first.map(|(number, published)| Wish { word: format!("first-{number}"), published: *published });
    let door = Door::open(DoorSpec {
        folder: folder(&spec.runtime),
        first: first.collect(),
        wishes: wishes(&spec.runtime),
        state: run.ports(),
    })?;
    Ok(Some(door))
}

/// Where a port leads, or why it leads nowhere, as a sentence.
pub fn told(port: &Port) -> String {
    match (&port.error, port.addresses.first()) {
        (None, Some(address)) => format!("{address} leads to port {} of the container", port.port),
        (error, _) => {
            let why = error.as_deref().unwrap_or("nothing listens");
            format!("port {} of the container is not published: {why}", port.port)
        }
    }
}
