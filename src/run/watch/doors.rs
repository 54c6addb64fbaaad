//! What is open for an agent from the start: the way out to the network, the ports that lead in, and the graph.

use crate::egress::Proxy;
use crate::env::Env;
use crate::error::Failure;
use crate::graph::door::Door as GraphDoor;
use crate::ports::Door as PortsDoor;
use crate::ports::state::Port;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::RunSpec;
use crate::run::watch::{graph, ports, proxy};

/// They close when this is dropped.
pub struct Doors {
    _out: Option<Proxy>,
    into: Option<PortsDoor>,
    _graph: Option<GraphDoor>,
}

impl Doors {
    /// Those that the run has. Nobody knocks before the agent's entrypoint is let go.
    pub fn open(spec: &RunSpec, folder: &Folder, env: &Env) -> Result<Self, Failure> {
        Ok(Self { _out: proxy::open(spec, env)?, into: ports::open(spec, folder)?, _graph: graph::open(spec, folder)? })
    }

    /// The ports that were asked for with the run.
    pub fn first_ports(&self) -> impl Iterator<Item = &Port> {
        self.into.iter().flat_map(|door| &door.first)
    }
}
