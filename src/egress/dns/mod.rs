//! Name lookup without the C library.
//!
//! A static program must not call `getaddrinfo`: it loads the host's own NSS modules, and those bring a second C library along,
//! which crashes on hosts whose nsswitch.conf names more than `files dns`. So this reads /etc/hosts and asks the servers of
//! /etc/resolv.conf, both as they are at that moment.

mod client;
mod config;
mod message;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use config::{Hosts, ResolvConf};

use crate::egress::reloaded::Reloaded;

#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    #[error("there is no such name")]
    NoSuchName,
    #[error("the name server {server} cannot answer (code {code})")]
    Server { server: IpAddr, code: u8 },
    #[error("the name server {server} does not answer")]
    Silence { server: IpAddr, source: io::Error },
    #[error("/etc/resolv.conf names no name server")]
    NoServer,
}

/// Looks names up.
pub struct Resolver {
    hosts: Reloaded<Hosts>,
    config: Reloaded<ResolvConf>,
}

impl Resolver {
    /// The machine's own: /etc/hosts and /etc/resolv.conf.
    pub fn system() -> Self {
        Self::new(Path::new("/etc/hosts"), Path::new("/etc/resolv.conf"))
    }

    pub fn new(hosts: &Path, config: &Path) -> Self {
        Self { hosts: Reloaded::new(hosts, Hosts::parse), config: Reloaded::new(config, ResolvConf::parse) }
    }

    /// All addresses of a name, at least one.
    pub async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        if name == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        match self.hosts.get().find(name) {
            [] => client::resolve(&self.config.get(), name).await,
            found => Ok(found.to_vec()),
        }
    }
}
