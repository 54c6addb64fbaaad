//! How a host is written in a request or a rule, and the one thing that it means.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The most that DNS can carry.
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// A name in lower case without its last dot, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("no host")]
    Empty,
    #[error("a host is letters, digits, dots, hyphens and underscores")]
    Character,
    #[error("an empty or overlong part, or one that begins or ends with a hyphen")]
    Label,
    #[error("a name that ends in a number must be an IPv4 address")]
    Number,
    #[error("not an IPv6 address")]
    Ipv6,
    #[error("an address with a zone works on one link only")]
    Zone,
    #[error("the port is a number from 1 to 65535")]
    Port,
}

impl Host {
    /// Understands every spelling that a resolver further on might understand: `0x7f.1` is 127.0.0.1 here too.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        if let Some(inner) = text.strip_prefix('[') {
            return ipv6(inner.strip_suffix(']').ok_or(HostError::Ipv6)?);
        }
        if text.contains(':') {
            return ipv6(text);
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
            return Err(HostError::Character);
        }
        if name.rsplit('.').next().is_some_and(looks_like_a_number) {
            return ipv4(&name).map(|address| Host::Address(address.into())).ok_or(HostError::Number);
        }
        let well_formed = |label: &str| {
            !label.is_empty() && label.len() <= LABEL_MAX && !label.starts_with('-') && !label.ends_with('-')
        };
        if name.len() > NAME_MAX || !name.split('.').all(well_formed) {
            return Err(HostError::Label);
        }
        Ok(Host::Name(name))
    }

    /// Whether this is how one writes the machine's own loopback.
    pub fn is_loopback(&self) -> bool {
        match self {
            Host::Name(name) => name == "localhost",
            Host::Address(address) => address.to_canonical().is_loopback(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Address(IpAddr::V4(address)) => address.fmt(f),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// A host and the port on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    pub host: Host,
    pub port: u16,
}

impl Authority {
    /// `host:port`, as requests carry it; `default` where the scheme has one.
    pub fn parse(text: &str, default: Option<u16>) -> Result<Self, HostError> {
        let (host, port) = split_port(text)?;
        if host.contains(':') && !host.starts_with('[') {
            return Err(HostError::Ipv6);
        }
        Ok(Self { host: Host::parse(host)?, port: port.or(default).ok_or(HostError::Port)? })
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Takes a port off the end. A bare IPv6 address has none.
pub fn split_port(text: &str) -> Result<(&str, Option<u16>), HostError> {
    let bracketed = text.starts_with('[');
    let colon = if bracketed { text.find("]:").map(|at| at + 1) } else { text.find(':') };
    match colon {
        Some(at) if bracketed || !text[at + 1..].contains(':') => Ok((&text[..at], Some(port(&text[at + 1..])?))),
        _ => Ok((text, None)),
    }
}

fn port(text: &str) -> Result<u16, HostError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0).ok_or(HostError::Port)
}

fn ipv6(text: &str) -> Result<Host, HostError> {
    if text.contains('%') {
        return Err(HostError::Zone);
    }
    text.parse::<Ipv6Addr>().map(|address| Host::Address(address.into())).map_err(|_| HostError::Ipv6)
}

/// Where a name's last part is a number, browsers and C libraries read the whole as an IPv4 address.
fn looks_like_a_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || (!label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What `inet_aton` makes of it: one to four numbers, decimal, octal or hexadecimal, the last filling what is left.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let numbers = text.split('.').map(number).collect::<Option<Vec<u32>>>()?;
    let (last, first) = numbers.split_last()?;
    let room = 4_u32.checked_sub(u32::try_from(first.len()).ok()?).filter(|room| *room > 0)?;
    if first.iter().any(|part| *part > 0xff) || (room < 4 && *last >= 1 << (8 * room)) {
        return None;
    }
    let high = first.iter().zip([24, 16, 8]).map(|(part, shift)| part << shift).sum::<u32>();
    Some(Ipv4Addr::from(high | last))
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some("") => Some(0),
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn odd_spellings_mean_what_a_resolver_would_make_of_them() {
        for text in
            ["127.0.0.1", "127.0.0.1.", "0x7f.1", "0X7F.1", "2130706433", "017700000001", "127.1", "0177.0.0.01"]
        {
            assert_eq!(Host::parse(text).unwrap().to_string(), "127.0.0.1", "{text}");
        }
        for text in ["[::1]", "::1", "0:0:0:0:0:0:0:1"] {
            assert_eq!(Host::parse(text).unwrap().to_string(), "[::1]", "{text}");
        }
        assert_eq!(Host::parse("GitHub.COM.").unwrap().to_string(), "github.com");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            ".",
            "..",
            "a..b",
            "a.b..",
            "-a.b",
            "a-.b",
            "a b",
            "a\0b",
            "a\nb",
            "a%2eb",
            "user@host",
            "1.2.3.4.5",
            "1.2.3.256",
            "example.1",
            "0x100000000",
            "09.1.1.1",
            "[::1",
            "[fe80::1%eth0]",
            "fe80::1%1",
            "[1.2.3.4]",
            "１２７.0.0.1",
            "bücher.example",
            "a/b",
            "*.example",
            "1..2",
        ] {
            assert!(Host::parse(text).is_err(), "{text:?}");
        }
        assert!(Host::parse(&"a".repeat(64)).is_err());
        assert!(Host::parse(&"a.".repeat(128)).is_err());
    }

    #[test]
    fn authorities_need_a_port_that_can_be_dialled() {
        let text = |text: &str| Authority::parse(text, None).map(|authority| authority.to_string());
        assert_eq!(text("a.example:443").unwrap(), "a.example:443");
        assert_eq!(text("[2001:db8::1]:8080").unwrap(), "[2001:db8::1]:8080");
        for bad in [
            "a.example",
            "a.example:",
            "a.example:0",
            "a.example:65536",
            "a.example:+80",
            ":80",
            "::1",
            "::1:80",
            "[::1]80",
            "[::1]",
            "a:80:80",
        ] {
            assert!(text(bad).is_err(), "{bad}");
        }
        assert_eq!(Authority::parse("a.example", Some(80)).unwrap().to_string(), "a.example:80");
    }

    proptest! {
        #[test]
        fn what_is_printed_means_the_same_again(text in "\\PC{0,40}") {
            if let Ok(host) = Host::parse(&text) {
                prop_assert_eq!(Host::parse(&host.to_string()), Ok(host));
            }
        }

        #[test]
        fn every_address_reads_itself(bits: u32, wide: u128) {
            let (v4, v6) = (Ipv4Addr::from(bits), Ipv6Addr::from(wide));
            prop_assert_eq!(Host::parse(&v4.to_string()), Ok(Host::Address(v4.into())));
            prop_assert_eq!(Host::parse(&bits.to_string()), Ok(Host::Address(v4.into())));
            prop_assert_eq!(Host::parse(&format!("{bits:#x}")), Ok(Host::Address(v4.into())));
            prop_assert_eq!(Host::parse(&format!("0{bits:o}")), Ok(Host::Address(v4.into())));
            prop_assert_eq!(Host::parse(&format!("[{v6}]")), Ok(Host::Address(v6.into())));
        }
    }
}
