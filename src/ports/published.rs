//! A port of the host's, and the port of the container that it leads to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Usage;

/// `[ADDRESS:][HOSTPORT:]PORT`, as people type it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// `None` for the host's loopback, both families.
    pub address: Option<IpAddr>,
    /// 0 for any that is free.
    pub host_port: u16,
    /// The container's.
    pub port: u16,
}

impl Published {
    /// Where the host is to listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let loopback = || vec![IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        let addresses = self.address.map_or_else(loopback, |address| vec![address]);
        addresses.into_iter().map(|address| SocketAddr::new(address, self.host_port)).collect()
    }

    /// Whether both want one port of the host's.
    fn clashes(&self, other: &Self) -> bool {
        let same = |one: SocketAddr, two: SocketAddr| {
            let all = one.ip().is_unspecified() || two.ip().is_unspecified();
            one == two || all && one.is_ipv4() == two.is_ipv4()
        };
        let pairs =
            || self.addresses().into_iter().flat_map(|one| other.addresses().into_iter().map(move |two| (one, two)));
        self.host_port == other.host_port && self.host_port != 0 && pairs().any(|(one, two)| same(one, two))
    }

    /// Who else than programs of this machine could connect, as a sentence.
    pub fn warning(&self) -> Option<String> {
        let address = self.address.filter(|address| !address.is_loopback())?;
        let (whoever, port) = match address.is_unspecified() {
            true => ("every network of this machine".to_owned(), self.port),
            false => (format!("the network of {address}"), self.port),
        };
        Some(format!("warning: port {port} of the container is open to {whoever}, and not to this machine alone"))
    }
}

/// Refuses two that want one port of the host's.
pub fn check_apart(all: &[Published]) -> Result<(), Usage> {
    for (at, one) in all.iter().enumerate() {
        if let Some(other) = all[at + 1..].iter().find(|other| one.clashes(other)) {
            let what = format!(
                "--publish {one} and --publish {other}: port {} of this machine leads to one port",
                one.host_port
            );
            return Err(Usage::new(what).hint(format!("for any port that is free: --publish :{}", other.port)));
        }
    }
    Ok(())
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address @ IpAddr::V4(_)) => write!(f, "{address}:")?,
            Some(address @ IpAddr::V6(_)) => write!(f, "[{address}]:")?,
            None => {}
        }
        write!(f, "{}:{}", self.host_port, self.port)
    }
}

impl FromStr for Published {
    type Err = Usage;

    fn from_str(typed: &str) -> Result<Self, Usage> {
        let wrong = || {
            Usage::new(format!("{typed:?} names no port: [ADDRESS:][HOSTPORT:]PORT is what is published"))
                .hint("such as 3000, or 8080:3000 for port 8080 of this machine, or :3000 for any that is free")
        };
        let (address, ports) = split_address(typed).ok_or_else(wrong)?;
        let (host, inside) = ports.split_once(':').unwrap_or((ports, ports));
        let port = number(inside).filter(|port| *port != 0).ok_or_else(wrong)?;
        let host_port = if host.is_empty() { Some(0) } else { number(host) };
        Ok(Self { address, host_port: host_port.ok_or_else(wrong)?, port })
    }
}

/// Digits alone: no sign, no space.
fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What stands before the ports: an address, `localhost`, or nothing.
fn split_address(typed: &str) -> Option<(Option<IpAddr>, &str)> {
    if let Some(rest) = typed.strip_prefix("localhost:") {
        return Some((None, rest));
    }
    if let Some(rest) = typed.strip_prefix('[') {
        let (address, ports) = rest.split_once("]:")?;
        return Some((Some(address.parse::<Ipv6Addr>().ok()?.into()), ports));
    }
    match typed.split_once(':') {
        Some((address, ports)) if address.contains('.') => {
            Some((Some(address.parse::<Ipv4Addr>().ok()?.into()), ports))
        }
        _ => Some((None, typed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_others_are_refused() {
        let v4 = |text: &str| Some(IpAddr::V4(text.parse().unwrap()));
        let v6 = |text: &str| Some(IpAddr::V6(text.parse().unwrap()));
        for (typed, address, host_port, port) in [
            ("3000", None, 3000, 3000),
            ("8080:3000", None, 8080, 3000),
            (":3000", None, 0, 3000),
            ("0:3000", None, 0, 3000),
            ("localhost:8080:3000", None, 8080, 3000),
            ("localhost:3000", None, 3000, 3000),
            ("127.0.0.1:3000", v4("127.0.0.1"), 3000, 3000),
            ("0.0.0.0:8080:3000", v4("0.0.0.0"), 8080, 3000),
            ("0.0.0.0::3000", v4("0.0.0.0"), 0, 3000),
            ("[::1]:8080:3000", v6("::1"), 8080, 3000),
        ] {
            let published: Published = typed.parse().unwrap();
            assert_eq!(published, Published { address, host_port, port }, "{typed}");
            assert_eq!(published.to_string().parse::<Published>().unwrap(), published, "{typed}");
        }
        for typed in [
            "",
            "0",
            "x",
            "+3000",
            " 3000",
            "65536",
            "1:2:3",
            "3000/tcp",
            "::1:3000",
            "[::1]3000",
            "1.2.3:80:80",
            "-1",
            "a:80",
        ] {
            let refused = typed.parse::<Published>().unwrap_err();
            assert!(refused.message.contains(&format!("{typed:?} names no port")), "{typed}: {refused}");
        }
    }

    #[test]
    fn one_port_of_the_host_leads_to_one_port() {
        let apart = |typed: [&str; 2]| check_apart(&typed.map(|typed| typed.parse().unwrap()));
        for typed in [
            ["8080:3000", "8080:3001"],
            ["3000", "3000"],
            ["127.0.0.1:80:1", "80:2"],
            ["0.0.0.0:80:1", "80:2"],
            ["[::]:80:1", "[::1]:80:2"],
        ] {
            assert!(apart(typed).is_err(), "{typed:?}");
        }
        for typed in
            [[":3000", ":3000"], ["80:1", "81:1"], ["127.0.0.1:80:1", "[::1]:80:2"], ["192.0.2.1:80:1", "80:1"]]
        {
            assert!(apart(typed).is_ok(), "{typed:?}");
        }
        let said = apart(["8080:3000", "8080:3001"]).unwrap_err();
        assert_eq!(
            said.message,
            "--publish 8080:3000 and --publish 8080:3001: port 8080 of this machine leads to one port"
        );
    }

    #[test]
    fn only_what_others_could_reach_is_warned_of() {
        let warning = |typed: &str| typed.parse::<Published>().unwrap().warning();
        assert!(warning("3000").is_none() && warning("127.0.0.2:3000").is_none() && warning("[::1]:3000").is_none());
        assert!(warning("0.0.0.0:3000").unwrap().contains("every network of this machine"));
        assert!(warning("192.0.2.7:3000").unwrap().contains("the network of 192.0.2.7"));
    }
}
