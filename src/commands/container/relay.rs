//! `bn container relay`: inside a container, the way to the host's egress proxy.

use std::fmt;

use serde::Serialize;

use crate::cli::container::RelayArgs;
use crate::commands::{Context, Exit};
use crate::egress::relay;
use crate::error::Failure;

/// Says that programs may start: the proxy takes their connections.
#[derive(Serialize)]
struct Ready {
    listening: String,
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "listening on {}", self.listening)
    }
}

pub fn run(args: &RelayArgs, context: &Context) -> Result<Exit, Failure> {
    let ready = || context.output.print(&Ready { listening: args.listen.to_string() });
    relay::run(&args.socket, args.listen, ready)?;
    Ok(Exit::DONE)
}
