//! `bn container relay`, `dialler`, `furnish` and `restrict`: what the entrypoint starts inside.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct RelayArgs {
    /// The proxy's socket, as it is mounted here
    #[arg(long, value_name = "PATH", default_value = "/run/binnacle/egress/proxy.sock")]
    pub socket: PathBuf,

    /// Where the programs in here find it
    #[arg(long, value_name = "ADDRESS:PORT", default_value = crate::egress::variables::INSIDE)]
    pub listen: std::net::SocketAddr,
}

#[derive(Debug, Args)]
pub struct DiallerArgs {
    /// The host's socket, as it is mounted here
    #[arg(long, value_name = "PATH", default_value = "/run/binnacle/ports/ports.sock")]
    pub socket: PathBuf,
}

#[derive(Debug, Args)]
pub struct RestrictArgs {
    /// A pipe at which to wait for the host's word first
    #[arg(long, value_name = "FILE")]
    pub gate: Option<PathBuf>,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<std::ffi::OsString>,
}

#[derive(Debug, Args)]
pub struct FurnishArgs {
    /// The image's own folders, which are root's, or the agent's home
    #[arg(value_name = "WHAT")]
    pub what: Furnished,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Furnished {
    System,
    Home,
}
