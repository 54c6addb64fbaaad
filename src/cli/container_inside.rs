//! `bn container relay`, `dialler`, `drop-root` and `restrict`: what is started inside.

use std::path::PathBuf;

use clap::Args;

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
    pub gate: PathBuf,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<std::ffi::OsString>,
}

#[derive(Debug, Args)]
pub struct DropRootArgs {
    /// What tini starts: a program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<std::ffi::OsString>,
}
