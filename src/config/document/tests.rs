//! Files of settings, good ones and others.

use super::*;
use crate::error::Explain;

fn good(text: &str) -> Vec<String> {
    let settings = read(text.as_bytes(), File::Project("main")).unwrap();
    settings.iter().map(|setting| format!("{setting} @ {}", setting.origin)).collect()
}

fn bad(text: &str) -> String {
    let error = read(text.as_bytes(), File::Project("main")).err().unwrap();
    let lines = std::iter::once(error.to_string()).chain(error.hints());
    lines.collect::<Vec<_>>().join("\n").replace("main:.binnacle/config.toml", "FILE")
}

#[test]
fn settings_in_the_order_of_their_lines() {
    let text = "# ours\ntimeout = \"2h\"\ncpus = 1.5\npids-limit = 1_000\npublish = [3000, \"8080:80\"]\nno-merge = true\n\n[env]\nB = \"2\"\nA = \"1\"\n";
    assert_eq!(
        good(text),
        [
            "timeout = \"2h\" @ main:.binnacle/config.toml:2",
            "cpus = 1.5 @ main:.binnacle/config.toml:3",
            "pids-limit = 1000 @ main:.binnacle/config.toml:4",
            "publish = [\"3000\", \"8080:80\"] @ main:.binnacle/config.toml:5",
            "no-merge = true @ main:.binnacle/config.toml:6",
            "env.B = \"2\" @ main:.binnacle/config.toml:9",
            "env.A = \"1\" @ main:.binnacle/config.toml:10",
        ]
    );
    let tables = [
        "merge.rebase = true @ main:.binnacle/config.toml:2",
        "build.agent = [\"codex\"] @ main:.binnacle/config.toml:4",
    ];
    assert_eq!(good("[merge]\nrebase = true\n[build]\nagent = [\"codex\"]\n"), tables);
    assert!(good("").is_empty());
}

#[test]
fn what_cannot_be_is_named_with_its_line() {
    insta::assert_snapshot!(bad("\nmemroy = \"8g\""), @r"
    FILE:2: there is no key memroy
    you may mean: memory
    ");
    insta::assert_snapshot!(bad("nothing_like_it = 1"), @r"
    FILE:1: there is no key nothing_like_it
    all keys: bn config
    ");
    insta::assert_snapshot!(bad("timeout = 5"), @r#"
    FILE:1: timeout takes a text, and this is a number
    such as: timeout = "…"
    "#);
    insta::assert_snapshot!(bad("allow = \"a.org\""), @r#"
    FILE:1: allow takes a list of texts, and this is a text
    such as: allow = ["…"]
    "#);
    insta::assert_snapshot!(bad("ssh = \"yes\""), @r"
    FILE:1: ssh takes true or false, and this is a text
    such as: ssh = true
    ");
    insta::assert_snapshot!(bad("[merge]\nrebsae = true"), @r"
    FILE:2: there is no key merge.rebsae
    you may mean: merge.rebase
    ");
    insta::assert_snapshot!(bad("[marge]\nrebase = true"), @r"
    FILE:1: there is no key marge
    you may mean: merge
    ");
    insta::assert_snapshot!(bad("merge = true"), @r"
    FILE:1: merge takes a table, and this is true or false
    such as: merge.rebase = true
    ");
    insta::assert_snapshot!(bad("[build]\nagent = [\"claud\"]"), @r#"FILE:2: build.agent = ["claud"]: not one of copilot, claude, codex, none"#);
    insta::assert_snapshot!(bad("env = \"A=1\""), @r#"
    FILE:1: env takes a table of texts, and this is a text
    such as: env = { NAME = "value" }
    "#);
    insta::assert_snapshot!(bad("[env]\nA = 1"), @r#"
    FILE:2: env.A takes a text, and this is a number
    such as: env.A = "…"
    "#);
    insta::assert_snapshot!(bad("[env]\nBN_UID = \"0\""), @r#"FILE:2: env.BN_UID = "0": BN_UID is set by bn itself"#);
}

#[test]
fn what_a_flag_would_refuse_a_key_refuses_too() {
    let told = [
        ("memory = \"lots\"", "memory = \"lots\": not a size\nsuch as 8g or 512m"),
        ("pids-limit = 1", "pids-limit = 1: not a number from 16 to 4194304\nsuch as 512"),
        ("cpus = -1", "cpus = -1: not a number of CPUs\nsuch as 2 or 0.5"),
        ("timeout = \"0s\"", "timeout = \"0s\": no time is left for the agent\nsuch as 30m"),
        ("agent = \"eliza\"", "agent = \"eliza\": not one of copilot, claude, codex"),
        ("network = \"wifi\"", "network = \"wifi\": not one of egress, host, none"),
        (
            "tag = \"a b\"",
            "tag = \"a b\": 'a b' is not an image tag\na tag is up to 128 letters, digits, '_', '.' and '-', such as v0.5.0",
        ),
        ("secret = [\"A-B\"]", "secret = [\"A-B\"]: 'A-B' is not the name of a variable"),
        ("merge-target = \"\"", "merge-target = \"\": nothing is named"),
        (
            "seccomp-profile = \"x.json\"",
            "seccomp-profile = \"x.json\": a path in a configuration is absolute\nsuch as /home/me/profile.json",
        ),
        (
            "allow = [\"https://a.org/x\"]",
            "allow = [\"https://a.org/x\"]: \"https://a.org/x\" is a URL; a rule names a host\nwrite a.org",
        ),
        ("ssh = ", "string values must be quoted, expected literal string"),
        ("[[env]]\nA = \"1\"", "env takes a table of texts, and this is a list\nsuch as: env = { NAME = \"value\" }"),
        ("[env\n", "unclosed table, expected `]`"),
    ];
    let said: Vec<(&str, String)> = told.iter().map(|(text, _)| (*text, bad(text))).collect();
    let expected: Vec<(&str, String)> = told.iter().map(|(text, said)| (*text, format!("FILE:1: {said}"))).collect();
    assert_eq!(said, expected);
    assert_eq!(bad("ssh = true\nssh = false"), "FILE:2: duplicate key");
}

#[test]
fn a_file_cannot_steer_a_terminal_or_fake_a_line() {
    let said = bad("\"a\\u001b[2J\\nError: x\" = 1");
    assert!(said.starts_with("FILE:1: there is no key a\\u{1b}[2J\\u{a}Error: x\n"), "{said:?}");
    let shown = good("prompt = \"a\\u001b[2J\\nb\"");
    assert_eq!(shown, ["prompt = \"a\\u001b[2J\\nb\" @ main:.binnacle/config.toml:1"]);
    let said = bad("agent = \"a\\u001b[2J\\nb\"");
    assert!(!said.contains('\u{1b}') && said.lines().count() == 1, "{said:?}");
}

#[test]
fn a_file_that_is_too_much_is_refused_at_once() {
    let begun = std::time::Instant::now();
    assert!(bad(&"#".repeat(LONGEST + 1)).contains("more than a configuration may have"));
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let deep = format!("allow = {}{}", open.repeat(20_000), close.repeat(20_000));
        assert!(bad(&deep).starts_with("FILE:1: "), "{}", bad(&deep));
    }
    let dotted = format!("{}x = 1", "a.".repeat(60_000));
    assert!(bad(&dotted).starts_with("FILE:1: "));
    let many: String = (0..20_000).map(|number| format!("k{number} = 1\n")).collect();
    assert!(bad(&many).contains("there is no key k"));
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    assert!(read(b"\xff", File::Project("main")).is_err());
}
