use proptest::prelude::*;

use crate::egress::rule::*;

fn refused(rule: &str, allowlist: bool) -> String {
    let error = Rule::parse(rule).and_then(|rule| rule.check(allowlist)).expect_err(rule);
    assert_eq!(error.exit_code(), 2);
    error.to_string()
}

fn accepted(rule: &str, allowlist: bool) -> Rule {
    let rule = Rule::parse(rule).unwrap();
    rule.check(allowlist).unwrap();
    rule
}

#[test]
fn a_rule_without_effect_says_why() {
    for (rule, reason) in [
        ("*.example.com", "every public host is open already"),
        ("8.8.8.8", "every public host is open already"),
        ("8.8.0.0/16", "every public host is open already"),
        ("169.254.169.254", "cloud metadata address, which bn never opens"),
        ("169.254.169.254:80", "cloud metadata address, which bn never opens"),
        ("metadata.google.internal", "cloud metadata address, which bn never opens"),
        ("[fd00:ec2::254]", "cloud metadata address, which bn never opens"),
        ("168.63.129.16", "cloud metadata address, which bn never opens"),
        ("169.254.1.1", "link-local address, which bn never opens"),
        ("169.254.7.0/24", "link-local address, which bn never opens"),
        ("fe80::1", "link-local address, which bn never opens"),
        ("0.0.0.0:80", "unspecified address, which bn never opens"),
        ("224.0.0.1", "multicast address, which bn never opens"),
        ("127.0.0.0/8", "loopback address, which bn never opens"),
        ("foo.localhost:80", "loopback address, which bn never opens"),
        ("localhost", "name the port"),
        ("127.0.0.1", "name the port"),
        ("::1", "name the port"),
    ] {
        let said = refused(rule, false);
        assert!(said.contains(reason), "{rule}: {said}");
    }
    assert!(refused("*.localhost", true).contains("loopback"));
    assert!(refused("metadata.goog", true).contains("metadata"));
}

#[test]
fn what_is_no_rule_is_refused() {
    for rule in [
        "",
        "https://a.example/x",
        "*",
        "*example.com",
        "a.*.com",
        ".example.com",
        "*.1.2.3.4",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/",
        "a b",
        "a:0",
        "a:b",
        "a:99999",
        "bücher.example",
        "a\n",
        "fe80::1%eth0",
    ] {
        assert!(Rule::parse(rule).is_err(), "{rule:?}");
    }
    for (rule, said, hint) in [
        ("x.org/", "\"x.org/\" has a slash, and a rule names a host", "write x.org"),
        ("x.org:443/a", "\"x.org:443/a\" has a slash, and a rule names a host", "write x.org:443"),
        (
            "../a1",
            "\"../a1\" has a slash, and a rule names a host",
            "a worktree goes before --only, which takes all words behind it",
        ),
        (
            "8443",
            "\"8443\" is read as the address 0.0.32.251: an address is written with four numbers",
            "a port goes with its host, each with its own: x.org:443,x.org:8443",
        ),
        (
            "3232235777",
            "\"3232235777\" is read as the address 192.168.1.1: an address is written with four numbers",
            "write 192.168.1.1",
        ),
    ] {
        let error = Rule::parse(rule).unwrap_err();
        assert_eq!((error.to_string().as_str(), &error.hints()[..]), (said, &[hint.to_owned()][..]));
    }
    assert!(matches!(Rule::parse("10.0.0.1/8"), Err(RuleError::Network { .. })));
    assert_eq!(Rule::parse("https://u@a.example:8443/x").unwrap_err().hints(), ["write a.example:8443"]);
}

#[test]
fn rules_match_what_they_name() {
    let exact = accepted("Git.Example.com:443", false);
    assert!(exact.names("git.example.com", 443) && !exact.names("git.example.com", 80));
    assert!(!exact.names("x.git.example.com", 443));
    let wildcard = accepted("*.example.com", true);
    assert!(wildcard.is_above("a.b.example.com", 1) && !wildcard.is_above("example.com", 1));
    assert!(!wildcard.is_above("notexample.com", 1));
    let network = accepted("10.1.0.0/16:5432", false);
    assert!(network.holds("10.1.2.3".parse().unwrap(), 5432) && !network.holds("10.2.2.3".parse().unwrap(), 5432));
    assert!(network.holds("::ffff:10.1.2.3".parse().unwrap(), 5432));
    assert!(!network.holds("10.1.2.3".parse().unwrap(), 80));
}

#[test]
fn loopback_is_opened_port_by_port() {
    let rule = accepted("localhost:11434", false);
    assert!(rule.opens_loopback("127.0.0.1".parse().unwrap(), 11434));
    assert!(rule.opens_loopback("::1".parse().unwrap(), 11434));
    assert!(!rule.opens_loopback("127.0.0.2".parse().unwrap(), 11434));
    assert!(!rule.opens_loopback("127.0.0.1".parse().unwrap(), 11435));
    assert!(accepted("127.0.0.2:80", false).opens_loopback("127.0.0.2".parse().unwrap(), 80));
    assert_eq!(accepted("0x7f.1:80", false).to_string(), "127.0.0.1:80");
}

proptest! {
    #[test]
    fn a_rule_reads_what_it_prints(text in "[a-z0-9.*:/\\[\\]-]{0,24}") {
        if let Ok(rule) = Rule::parse(&text) {
            prop_assert_eq!(Rule::parse(&rule.to_string()), Ok(rule));
        }
    }
}
