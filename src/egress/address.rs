//! Kinds of addresses: public, private, loopback and the like.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What stands at an address, as far as the address alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Public,
    /// RFC 1918, unique local, site-local, and NAT64 prefixes of local use.
    Private,
    /// 100.64.0.0/10: a provider's own, and many a VPN's.
    Shared,
    Loopback,
    LinkLocal,
    /// Where clouds hand credentials to whoever asks.
    Metadata,
    Documentation,
    Benchmarking,
    Multicast,
    Broadcast,
    /// `0.0.0.0` and `::`: the machine itself, when dialled.
    Unspecified,
    Discard,
    Reserved,
}

impl Kind {
    /// Whether an exact name or address in a rule may open it.
    pub fn can_be_opened(self) -> bool {
        match self {
            Kind::Public | Kind::Private | Kind::Shared | Kind::Documentation => true,
            Kind::Benchmarking | Kind::Discard | Kind::Reserved => true,
            Kind::Loopback | Kind::LinkLocal | Kind::Metadata => false,
            Kind::Multicast | Kind::Broadcast | Kind::Unspecified => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Public => "public address",
            Kind::Private => "private address",
            Kind::Shared => "shared (carrier or VPN) address",
            Kind::Loopback => "loopback address",
            Kind::LinkLocal => "link-local address",
            Kind::Metadata => "cloud metadata address",
            Kind::Documentation => "documentation address",
            Kind::Benchmarking => "benchmarking address",
            Kind::Multicast => "multicast address",
            Kind::Broadcast => "broadcast address",
            Kind::Unspecified => "unspecified address",
            Kind::Discard => "discard address",
            Kind::Reserved => "reserved address",
        })
    }
}

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// `None` where bits after the prefix are set, or there are not that many.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let fits = prefix <= width(address) && masked(address, prefix) == bits(address);
        fits.then_some(Self { address, prefix })
    }

    /// The network of one address.
    pub fn one(address: IpAddr) -> Self {
        Self { address, prefix: width(address) }
    }

    const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    /// The first three groups and the last two are enough for every network that has a name.
    const fn v6(head: [u16; 3], tail: [u16; 2], prefix: u8) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(head[0], head[1], head[2], 0, 0, 0, tail[0], tail[1])), prefix }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        width(address) == width(self.address) && masked(address, self.prefix) == bits(self.address)
    }

    /// Whether every address of `other` is one of these.
    pub fn covers(&self, other: &Network) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    /// Whether nothing but public addresses is in it.
    pub fn is_public(&self) -> bool {
        let special = |(network, kind): &(Network, Kind)| *kind != Kind::Public && overlap(network, self);
        let outside = self.address.is_ipv6() && !GLOBAL_UNICAST.covers(self);
        !outside && !TABLE.iter().any(special)
    }

    /// The kind of all its addresses, where one entry of the table covers them.
    pub fn kind(&self) -> Option<Kind> {
        if TABLE.iter().any(|(network, _)| self.covers(network) && network != self) {
            return None;
        }
        Some(classify(self.address))
    }

    /// Whether it is a single address.
    pub fn is_one(&self) -> bool {
        self.prefix == width(self.address)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_one() {
            true => self.address.fmt(f),
            false => write!(f, "{}/{}", self.address, self.prefix),
        }
    }
}

fn overlap(left: &Network, right: &Network) -> bool {
    left.covers(right) || right.covers(left)
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn masked(address: IpAddr, prefix: u8) -> u128 {
    let free = u32::from(width(address) - prefix);
    bits(address).checked_shr(free).and_then(|kept| kept.checked_shl(free)).unwrap_or(0)
}

/// What IANA has given out for unicast. All other IPv6 space is somebody's internal affair.
const GLOBAL_UNICAST: Network = Network::v6([0x2000, 0, 0], [0, 0], 3);

/// The special-purpose registries of IANA, and the clouds' metadata services. The first entry that fits decides.
const TABLE: &[(Network, Kind)] = &[
    // Azure's and Oracle's and Alibaba's stand outside link-local space.
    (Network::v4(168, 63, 129, 16, 32), Kind::Metadata),
    (Network::v4(192, 0, 0, 192, 32), Kind::Metadata),
    (Network::v4(100, 100, 100, 200, 32), Kind::Metadata),
    // AWS (IMDS, its name and time service, ECS and EKS credentials), and who copied it; Tencent, Scaleway.
    (Network::v4(169, 254, 169, 0, 24), Kind::Metadata),
    (Network::v4(169, 254, 170, 0, 24), Kind::Metadata),
    (Network::v4(169, 254, 0, 23, 32), Kind::Metadata),
    (Network::v4(169, 254, 42, 42, 32), Kind::Metadata),
    (Network::v4(255, 255, 255, 255, 32), Kind::Broadcast),
    (Network::v4(0, 0, 0, 0, 8), Kind::Unspecified),
    (Network::v4(10, 0, 0, 0, 8), Kind::Private),
    (Network::v4(100, 64, 0, 0, 10), Kind::Shared),
    (Network::v4(127, 0, 0, 0, 8), Kind::Loopback),
    (Network::v4(169, 254, 0, 0, 16), Kind::LinkLocal),
    (Network::v4(172, 16, 0, 0, 12), Kind::Private),
    (Network::v4(192, 0, 0, 0, 24), Kind::Reserved),
    (Network::v4(192, 0, 2, 0, 24), Kind::Documentation),
    (Network::v4(192, 88, 99, 0, 24), Kind::Reserved),
    (Network::v4(192, 168, 0, 0, 16), Kind::Private),
    (Network::v4(198, 18, 0, 0, 15), Kind::Benchmarking),
    (Network::v4(198, 51, 100, 0, 24), Kind::Documentation),
    (Network::v4(203, 0, 113, 0, 24), Kind::Documentation),
    (Network::v4(224, 0, 0, 0, 4), Kind::Multicast),
    (Network::v4(240, 0, 0, 0, 4), Kind::Reserved),
    // AWS, Google, Scaleway, and OpenStack's link-local one.
    (Network::v6([0xfd00, 0x0ec2, 0], [0, 0], 32), Kind::Metadata),
    (Network::v6([0xfd20, 0x00ce, 0], [0, 0], 32), Kind::Metadata),
    (Network::v6([0xfd00, 0x0042, 0], [0, 0x42], 128), Kind::Metadata),
    (Network::v6([0xfe80, 0, 0], [0xa9fe, 0xa9fe], 128), Kind::Metadata),
    (Network::v6([0, 0, 0], [0, 0], 128), Kind::Unspecified),
    (Network::v6([0, 0, 0], [0, 1], 128), Kind::Loopback),
    (Network::v6([0x64, 0xff9b, 1], [0, 0], 48), Kind::Private),
    (Network::v6([0x100, 0, 0], [0, 0], 64), Kind::Discard),
    (Network::v6([0xfc00, 0, 0], [0, 0], 7), Kind::Private),
    (Network::v6([0xfe80, 0, 0], [0, 0], 10), Kind::LinkLocal),
    (Network::v6([0xfec0, 0, 0], [0, 0], 10), Kind::Private),
    (Network::v6([0xff00, 0, 0], [0, 0], 8), Kind::Multicast),
    (Network::v6([0x2001, 2, 0], [0, 0], 48), Kind::Benchmarking),
    // Teredo, ORCHID and the rest of what the IETF keeps for protocols.
    (Network::v6([0x2001, 0, 0], [0, 0], 23), Kind::Reserved),
    (Network::v6([0x2001, 0xdb8, 0], [0, 0], 32), Kind::Documentation),
    (Network::v6([0x3fff, 0, 0], [0, 0], 20), Kind::Documentation),
    (GLOBAL_UNICAST, Kind::Public),
];

/// The kind of the machine that would answer at this address.
pub fn classify(address: IpAddr) -> Kind {
    let listed = || TABLE.iter().find(|(network, _)| network.contains(address)).map(|(_, kind)| *kind);
    match address {
        IpAddr::V4(_) => listed().unwrap_or(Kind::Public),
        IpAddr::V6(wide) => match (listed(), embedded(wide)) {
            // What a translator makes of the address must be public too.
            (Some(Kind::Public) | None, Some(inner)) => classify(inner.into()),
            (kind, _) => kind.unwrap_or(Kind::Reserved),
        },
    }
}

/// The IPv4 address that a stack, a gateway or a tunnel would send this on to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let groups = address.segments();
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match groups {
        // Compatible, mapped, translated (SIIT), NAT64.
        [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // 6to4.
        [0x2002, high, low, ..] => v4(high, low),
        // ISATAP, in anybody's prefix.
        [.., 0 | 0x200, 0x5efe, high, low] => v4(high, low),
        _ => None,
    }
}

/// The names under which clouds publish their metadata services. They answer inside that cloud only, on an address that may be anything.
const METADATA_NAMES: &[&str] = &[
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "metadata.azure.com",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
    "metadata.packet.net",
    "instance-data",
    "instance-data.ec2.internal",
];

/// Whether a name (lower case, no last dot) is that of a metadata service.
pub fn is_metadata_name(name: &str) -> bool {
    METADATA_NAMES
        .iter()
        .any(|known| name == *known || name.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests;
