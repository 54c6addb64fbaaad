//! Taking ports of the host.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};

use crate::error::Explain;
use crate::ports::published::Published;

/// Tries at a port that is free in both families, where any will do.
const TRIES: usize = 16;

/// A port of the host that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{}", refusal(*.port, .holder.as_deref(), why(.source)))]
pub struct PortError {
    address: SocketAddr,
    port: u16,
    inside: u16,
    /// The run that has it, where that is known.
    holder: Option<String>,
    source: io::Error,
}

impl PortError {
    /// Names the run that has the port. `run_at` knows them.
    pub fn held_by(self, run_at: impl FnOnce(u16) -> Option<String>) -> Self {
        let taken = self.source.kind() == io::ErrorKind::AddrInUse;
        Self { holder: if taken { run_at(self.port) } else { None }, ..self }
    }
}

/// Why a port cannot be had: for the run that has it, or for something else.
pub fn refusal(port: u16, holder: Option<&str>, why: &str) -> String {
    let why = holder.map_or_else(|| why.to_owned(), |run| format!(": the run {run} has it"));
    format!("port {port} of this machine cannot be published{why}")
}

fn why(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => ": another program has it",
        io::ErrorKind::PermissionDenied => ": ports below 1024 are root's",
        io::ErrorKind::AddrNotAvailable => ": the address is none of this machine's",
        _ => "",
    }
}

impl Explain for PortError {
    fn hints(&self) -> Vec<String> {
        match self.source.kind() {
            io::ErrorKind::AddrNotAvailable => {
                vec![format!("the addresses of this machine: ip address; without {}, its loopback", self.address.ip())]
            }
            _ => {
                let other =
                    format!("any port that is free will do with :{}, or name another before the colon", self.inside);
                let stop = self.holder.as_ref().map(|run| format!("or end that run: bn container stop {run}"));
                std::iter::once(other).chain(stop).collect()
            }
        }
    }
}

/// Finds out whether a port can be had, before anything is done.
pub fn check(published: &Published) -> Result<(), PortError> {
    listen(published).map(drop)
}

/// Listens at every address, on one port.
pub(super) fn listen(published: &Published) -> Result<Vec<TcpListener>, PortError> {
    let mut left = TRIES;
    loop {
        match listen_once(published) {
            Err(error) if published.host_port == 0 && error.source.kind() == io::ErrorKind::AddrInUse && left > 0 => {
                left -= 1
            }
            other => return other,
        }
    }
}

fn listen_once(published: &Published) -> Result<Vec<TcpListener>, PortError> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    for mut address in published.addresses() {
        if let Some(first) = listeners.first().and_then(|first| first.local_addr().ok()) {
            address.set_port(first.port());
        }
        match TcpListener::bind(address) {
            Ok(listener) => listeners.push(listener),
            // Not every machine has the newer family.
            Err(error) if !listeners.is_empty() && is_missing(address, &error) => {}
            Err(source) => {
                return Err(PortError { address, port: address.port(), inside: published.port, holder: None, source });
            }
        }
    }
    Ok(listeners)
}

fn is_missing(address: SocketAddr, error: &io::Error) -> bool {
    let unknown = rustix::io::Errno::AFNOSUPPORT.raw_os_error();
    address.ip() == IpAddr::from(Ipv6Addr::LOCALHOST)
        && (error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(unknown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_named_with_the_way_on() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = check(&format!("{port}:3000").parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("port {port} of this machine cannot be published: another program has it")
        );
        assert_eq!(error.hints(), ["any port that is free will do with :3000, or name another before the colon"]);
        let held = check(&format!("{port}:3000").parse().unwrap())
            .unwrap_err()
            .held_by(|at| (at == port).then(|| "job".to_owned()));
        assert_eq!(held.to_string(), format!("port {port} of this machine cannot be published: the run job has it"));
        assert_eq!(held.hints()[1], "or end that run: bn container stop job");
        let free = listen(&":3000".parse().unwrap()).unwrap();
        let ports: Vec<u16> = free.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        assert!(ports.iter().all(|port| *port == ports[0] && *port != 0), "{ports:?}");
        let elsewhere = check(&"192.0.2.1:3000".parse().unwrap()).unwrap_err();
        assert!(elsewhere.to_string().ends_with("the address is none of this machine's"), "{elsewhere}");
    }
}
