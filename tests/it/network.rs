//! The network's rules, as far as the command line shows them.

use crate::world::World;

fn refused(args: &[&str]) -> String {
    let world = World::new();
    let answer = world.bn(&[&["container", "run"], args, &["--", "true"]].concat());
    assert_eq!(answer.code, 2, "{args:?}: {answer:?}");
    assert_eq!(world.calls(), "", "{args:?} ran something");
    answer.stderr
}

#[test]
fn a_rule_that_can_have_no_effect_is_refused_with_the_reason() {
    assert_eq!(
        refused(&["--allow", "169.254.169.254"]),
        "Error: \"169.254.169.254\" has no effect: cloud metadata address, which bn never opens\n"
    );
    assert_eq!(
        refused(&["--allow", "*.example.com"]),
        "Error: \"*.example.com\" has no effect: every public host is open already, and a wildcard opens nothing private\n\
         hint: leave it out, or use --only for an allowlist\n"
    );
    assert_eq!(
        refused(&["--allow", "localhost"]),
        "Error: \"localhost\" opens a port of this machine's loopback: name the port\nhint: such as --allow localhost:11434\n"
    );
    assert_eq!(
        refused(&["--only", "https://github.com/x"]),
        "Error: \"https://github.com/x\" is a URL; a rule names a host\nhint: write github.com\n"
    );
    assert!(refused(&["--only", "@nosuch"]).contains("hint: sets: @github @npm @crates"));
    for network in ["none", "host"] {
        assert!(refused(&["--network", network, "--allow", "db.corp"]).contains("--network egress alone"));
    }
}

#[test]
fn ssh_is_refused_where_it_would_reach_no_host() {
    let said = "Error: --ssh: SSH cannot use the proxy of --network egress, so it would reach no host\n\
                hint: use the host's own network, which has no proxy: --ssh --network host\n\
                hint: or leave out --ssh: git over HTTPS goes through the proxy\n";
    assert_eq!(refused(&["--ssh"]), said);
    assert_eq!(refused(&["--ssh", "--network", "egress", "--only", "@github"]), said);
    // With the host's own network the next question is the agent's socket.
    let open = World::new().bn(&["container", "run", "--ssh", "--network", "host", "--", "true"]);
    assert!(open.stderr.starts_with("Error: --ssh: no SSH agent answers\n"), "{open:?}");
}

#[test]
fn a_worktree_behind_only_is_not_mistaken_for_a_host() {
    let world = World::new();
    world.git(&["worktree", "add", "--quiet", "-b", "agent", "agent-1"]);
    let answer = world.bn(&["container", "run", "--only", "@github", "agent-1", "--", "true"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert_eq!(
        answer.stderr,
        "Error: --only takes agent-1 for a host, and it is a checkout\n\
         hint: name the worktree first: bn container run agent-1 --only …\n"
    );
    let answer = world.bn(&["container", "run", "--only", "@github", "./agent-1", "--", "true"]);
    assert_eq!(answer.code, 2, "{answer:?}");
}

#[test]
fn the_host_s_own_proxy_has_to_be_one_that_bn_can_speak_to() {
    let world = World::new();
    let mut command = world.command(&["container", "run", "--dry-run", "--", "true"]);
    let answer = crate::world::answer(command.env("HTTPS_PROXY", "socks5://proxy.corp:1080"));
    assert_eq!(answer.code, 125, "{answer:?}");
    assert_eq!(
        answer.stderr.lines().next(),
        Some("Error: HTTPS_PROXY names a socks5 proxy, and bn speaks plain HTTP to the next proxy only")
    );
}

#[test]
fn the_sets_are_listed_for_people_and_for_programs() {
    let world = World::new();
    let text = world.bn(&["container", "allow-sets"]);
    assert_eq!(text.code, 0);
    for name in ["@github", "@npm", "@crates", "@pypi", "@debian", "@fedora", "@copilot", "@anthropic", "@openai"] {
        assert!(text.stdout.lines().any(|line| line.starts_with(&format!("{name}  "))), "{name}: {}", text.stdout);
    }
    let json = world.bn(&["container", "allow-sets", "--json"]);
    let sets: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(sets[2]["hosts"][1], "index.crates.io");
}

#[test]
fn a_relay_without_a_proxy_says_where_it_looked() {
    let world = World::new();
    let answer = world.bn(&["container", "relay", "--socket", "/nowhere/proxy.sock", "--listen", "127.0.0.1:0"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (125, ""));
    assert!(
        answer.stderr.starts_with("Error: cannot reach the egress proxy at /nowhere/proxy.sock\n"),
        "{}",
        answer.stderr
    );
}
