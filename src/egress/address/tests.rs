use proptest::prelude::*;

use crate::egress::address::*;

fn kind(text: &str) -> Kind {
    classify(text.parse().unwrap())
}

#[test]
fn every_special_range_is_told_from_its_neighbours() {
    let table = [
        ("8.8.8.8", Kind::Public),
        ("0.0.0.0", Kind::Unspecified),
        ("0.1.2.3", Kind::Unspecified),
        ("1.0.0.0", Kind::Public),
        ("9.255.255.255", Kind::Public),
        ("10.0.0.0", Kind::Private),
        ("10.255.255.255", Kind::Private),
        ("11.0.0.0", Kind::Public),
        ("100.63.255.255", Kind::Public),
        ("100.64.0.1", Kind::Shared),
        ("100.100.100.200", Kind::Metadata),
        ("100.127.255.255", Kind::Shared),
        ("100.128.0.0", Kind::Public),
        ("126.255.255.255", Kind::Public),
        ("127.0.0.1", Kind::Loopback),
        ("127.255.255.255", Kind::Loopback),
        ("128.0.0.0", Kind::Public),
        ("168.63.129.15", Kind::Public),
        ("168.63.129.16", Kind::Metadata),
        ("169.253.255.255", Kind::Public),
        ("169.254.1.1", Kind::LinkLocal),
        ("169.254.169.254", Kind::Metadata),
        ("169.254.170.2", Kind::Metadata),
        ("172.15.255.255", Kind::Public),
        ("172.16.0.0", Kind::Private),
        ("172.31.255.255", Kind::Private),
        ("172.32.0.0", Kind::Public),
        ("192.0.0.8", Kind::Reserved),
        ("192.0.0.192", Kind::Metadata),
        ("192.0.2.1", Kind::Documentation),
        ("192.167.255.255", Kind::Public),
        ("192.168.0.1", Kind::Private),
        ("192.169.0.0", Kind::Public),
        ("198.18.0.1", Kind::Benchmarking),
        ("198.19.255.255", Kind::Benchmarking),
        ("198.51.100.9", Kind::Documentation),
        ("203.0.113.80", Kind::Documentation),
        ("224.0.0.1", Kind::Multicast),
        ("239.255.255.255", Kind::Multicast),
        ("240.0.0.1", Kind::Reserved),
        ("255.255.255.255", Kind::Broadcast),
        ("2606:4700::1111", Kind::Public),
        ("::", Kind::Unspecified),
        ("::1", Kind::Loopback),
        ("::2", Kind::Unspecified),
        ("100::1", Kind::Discard),
        ("100:0:0:1::1", Kind::Reserved),
        ("1fff::1", Kind::Reserved),
        ("4000::1", Kind::Reserved),
        ("5f00::1", Kind::Reserved),
        ("fc00::1", Kind::Private),
        ("fdff::1", Kind::Private),
        ("fd00:ec2::254", Kind::Metadata),
        ("fd00:ec2::23", Kind::Metadata),
        ("fd20:ce::254", Kind::Metadata),
        ("fe80::1", Kind::LinkLocal),
        ("fe80::a9fe:a9fe", Kind::Metadata),
        ("febf::1", Kind::LinkLocal),
        ("fec0::1", Kind::Private),
        ("ff02::1", Kind::Multicast),
        ("2001::1", Kind::Reserved),
        ("2001:2::1", Kind::Benchmarking),
        ("2001:20::1", Kind::Reserved),
        ("2001:db8::1", Kind::Documentation),
        ("2001:4860:4860::8888", Kind::Public),
        ("3fff::1", Kind::Documentation),
        ("64:ff9b:1::1", Kind::Private),
    ];
    for (text, expected) in table {
        assert_eq!(kind(text), expected, "{text}");
    }
}

#[test]
fn an_address_inside_an_address_decides() {
    for (inner, expected) in [
        ("127.0.0.1", Kind::Loopback),
        ("10.1.2.3", Kind::Private),
        ("169.254.169.254", Kind::Metadata),
        ("8.8.8.8", Kind::Public),
    ] {
        let v4: Ipv4Addr = inner.parse().unwrap();
        let [a, b, c, d] = v4.octets();
        let hex = format!("{:x}:{:x}", u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        for wide in [
            format!("::ffff:{inner}"),
            format!("::ffff:0:{inner}"),
            format!("::{inner}"),
            format!("64:ff9b::{inner}"),
            format!("2002:{hex}::1"),
            format!("2606:4700::5efe:{inner}"),
            format!("2606:4700::200:5efe:{inner}"),
        ] {
            assert_eq!(kind(&wide), expected, "{wide}");
        }
    }
}

#[test]
fn metadata_names_include_what_is_below_them() {
    for name in ["metadata", "metadata.google.internal", "x.metadata.google.internal", "instance-data"] {
        assert!(is_metadata_name(name), "{name}");
    }
    for name in ["metadata.example", "mymetadata.goog.example", "notmetadata", "google.internal"] {
        assert!(!is_metadata_name(name), "{name}");
    }
}

#[test]
fn networks_know_what_they_hold() {
    let network = |text: &str, prefix| Network::new(text.parse().unwrap(), prefix).unwrap();
    assert!(network("8.8.8.0", 24).is_public());
    assert!(!network("8.0.0.0", 6).is_public());
    assert!(!network("0.0.0.0", 0).is_public());
    assert!(network("2606:4700::", 32).is_public());
    assert!(!network("::", 0).is_public());
    assert_eq!(network("127.0.0.0", 8).kind(), Some(Kind::Loopback));
    assert_eq!(network("127.3.0.0", 16).kind(), Some(Kind::Loopback));
    assert_eq!(network("126.0.0.0", 7).kind(), None);
    assert_eq!(Network::new("10.0.0.1".parse().unwrap(), 8), None);
    assert_eq!(Network::new("10.0.0.0".parse().unwrap(), 33), None);
}

proptest! {
    /// The standard library's own idea of these ranges is a second opinion.
    #[test]
    fn nothing_that_std_knows_to_be_special_is_public(bits: u32) {
        let address = Ipv4Addr::from(bits);
        let special = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_broadcast()
            || address.is_documentation() || address.is_multicast() || address.is_unspecified();
        if special {
            prop_assert_ne!(classify(address.into()), Kind::Public);
        }
        prop_assert_eq!(classify(address.into()), classify(address.to_ipv6_mapped().into()));
    }

    #[test]
    fn ipv6_outside_global_unicast_is_public_only_by_what_is_in_it(bits: u128) {
        let address = Ipv6Addr::from(bits);
        if !GLOBAL_UNICAST.contains(address.into()) && embedded(address).is_none() {
            prop_assert_ne!(classify(address.into()), Kind::Public);
        }
    }

    #[test]
    fn a_network_holds_its_addresses(bits: u32, prefix in 0_u8..=32, other: u32) {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        let network = Network::new(Ipv4Addr::from(bits & mask).into(), prefix).unwrap();
        prop_assert!(network.contains(Ipv4Addr::from(bits).into()));
        prop_assert_eq!(network.contains(Ipv4Addr::from(other).into()), other & mask == bits & mask);
    }
}
