//! /etc/hosts and /etc/resolv.conf as values.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

/// As many as the C library reads.
const SERVERS_MAX: usize = 3;
const SEARCH_MAX: usize = 6;

/// Names that the machine's administrator wrote down.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hosts(HashMap<String, Vec<IpAddr>>);

impl Hosts {
    pub fn parse(text: &str) -> Self {
        let mut names: HashMap<String, Vec<IpAddr>> = HashMap::new();
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(address) = words.next().and_then(|word| word.parse().ok()) else { continue };
            for name in words {
                let addresses = names.entry(name.trim_end_matches('.').to_ascii_lowercase()).or_default();
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
        }
        Self(names)
    }

    pub fn find(&self, name: &str) -> &[IpAddr] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Whom to ask, and how.
#[derive(Debug, PartialEq, Eq)]
pub struct ResolvConf {
    pub servers: Vec<SocketAddr>,
    search: Vec<String>,
    ndots: usize,
    /// How long one server may take to answer.
    pub timeout: Duration,
    /// How many times all servers are asked.
    pub attempts: u32,
}

impl ResolvConf {
    pub fn parse(text: &str) -> Self {
        let mut config =
            Self { servers: vec![], search: vec![], ndots: 1, timeout: Duration::from_secs(5), attempts: 2 };
        for line in text.lines().filter(|line| !line.starts_with(['#', ';'])) {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => config.servers.extend(words.next().and_then(server)),
                Some("search" | "domain") => config.search = words.take(SEARCH_MAX).map(domain).collect(),
                Some("options") => words.for_each(|option| config.option(option)),
                _ => {}
            }
        }
        config.servers.truncate(SERVERS_MAX);
        if config.servers.is_empty() {
            config.servers = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 53))];
        }
        config
    }

    fn option(&mut self, option: &str) {
        let (name, value) = option.split_once(':').unwrap_or((option, ""));
        let Ok(value) = value.parse::<u32>() else { return };
        match name {
            "ndots" => self.ndots = value.min(15) as usize,
            "timeout" => self.timeout = Duration::from_secs(value.clamp(1, 30).into()),
            "attempts" => self.attempts = value.clamp(1, 5),
            _ => {}
        }
    }

    /// The full names to ask for, in order.
    pub fn candidates(&self, name: &str) -> Vec<String> {
        let searched = self.search.iter().filter(|domain| !domain.is_empty()).map(|domain| format!("{name}.{domain}"));
        let absolute = name.to_owned();
        match name.matches('.').count() >= self.ndots {
            true => std::iter::once(absolute).chain(searched).collect(),
            false => searched.chain([absolute.clone()]).collect(),
        }
    }
}

fn domain(word: &str) -> String {
    word.trim_matches('.').to_ascii_lowercase()
}

/// A server's address; a link-local one carries its interface as a number here.
fn server(word: &str) -> Option<SocketAddr> {
    match word.split_once('%') {
        Some((address, zone)) => Some(SocketAddrV6::new(address.parse().ok()?, 53, 0, interface(zone)?).into()),
        None => word.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 53)),
    }
}

fn interface(zone: &str) -> Option<u32> {
    let index = || std::fs::read_to_string(format!("/sys/class/net/{zone}/ifindex")).ok()?.trim().parse().ok();
    zone.parse().ok().or_else(|| if zone.contains('/') { None } else { index() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_by_every_name_on_their_line() {
        let hosts =
            Hosts::parse("127.0.0.1 localhost\n10.0.0.1\tDB.corp db # the database\n::1 db\nnonsense\n10.0.0.1 db\n");
        assert_eq!(hosts.find("db.corp"), ["10.0.0.1".parse::<IpAddr>().unwrap()]);
        assert_eq!(hosts.find("db").len(), 2);
        assert!(hosts.find("nosuch").is_empty());
    }

    #[test]
    fn resolv_conf_is_read_as_the_c_library_reads_it() {
        let config = ResolvConf::parse(
            "# a comment\nnameserver 10.0.0.53\nnameserver fd00::53\nnameserver nonsense\nnameserver fe80::1%1\nnameserver 1.1.1.1\n\
             search corp.example lab.example.\noptions ndots:2 timeout:1 attempts:1 edns0 trust-ad\n",
        );
        assert_eq!(
            config.servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.53:53", "[fd00::53]:53", "[fe80::1%1]:53"]
        );
        assert_eq!((config.timeout, config.attempts), (Duration::from_secs(1), 1));
        assert_eq!(config.candidates("a.b"), ["a.b.corp.example", "a.b.lab.example", "a.b"]);
        assert_eq!(config.candidates("a.b.c")[0], "a.b.c");
        assert_eq!(ResolvConf::parse("").servers[0].to_string(), "127.0.0.1:53");
    }
}
