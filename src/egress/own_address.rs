//! Which addresses are this machine's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// The address that this machine would dial from. Connecting a datagram socket asks the routing table and sends nothing.
pub fn source(address: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((address, 9)).ok()?;
    socket.local_addr().ok().map(|local| local.ip())
}

/// Whether the address is one of this machine's own: then a public one leads to services that trust the machine.
pub fn is_own(address: IpAddr) -> bool {
    source(address) == Some(address)
}
