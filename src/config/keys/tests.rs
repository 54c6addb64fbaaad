//! The table against the flags and against its page.

use std::collections::BTreeSet;

use clap::{Arg, Args, Command};

use super::*;
use crate::cli::container::{BuildArgs, MergeArgs, RunArgs};
use crate::config::key::CommandLine;

/// Flags that say what this one run is, this one merge or this one build.
const OF_ONE_RUN: [&str; 8] = ["name", "shell", "create", "branch", "dry-run", "interactive", "continue", "fresh"];
const OF_ONE_MERGE: [&str; 7] = ["message", "check", "check-network", "check-timeout", "no-check", "into", "yes"];
/// Whoever accepts what is held back has looked at it.
const ONCE_LOOKED_AT: &str = "accept-handoff";
const OF_ONE_BUILD: [&str; 2] = ["no-cache", "dry-run"];

fn flags<T: Args>() -> Vec<Arg> {
    let command = T::augment_args(Command::new("verb"));
    command.get_arguments().filter(|arg| arg.get_long().is_some()).cloned().collect()
}

/// The flag that a key is called after.
fn flag(key: &Key) -> Arg {
    let flags = match key.place {
        Place::Run(_) => flags::<RunArgs>(),
        Place::Merge(_) => flags::<MergeArgs>(),
        Place::Build(_) => flags::<BuildArgs>(),
    };
    flags.into_iter().find(|flag| flag.get_long() == Some(key.flag())).unwrap()
}

fn help(key: &Key) -> String {
    flag(key).get_help().unwrap().to_string()
}

/// Holds the flags of a verb against its keys.
fn is_complete<T: CommandLine>(is_its: fn(&Place) -> bool, of_one: &[&str]) {
    let flags: BTreeSet<String> = flags::<T>().iter().filter_map(|arg| arg.get_long()).map(str::to_owned).collect();
    let keys = KEYS.iter().filter(|key| is_its(&key.place)).map(|key| key.flag());
    let known: BTreeSet<String> = keys.chain(of_one.iter().copied()).map(str::to_owned).collect();
    assert_eq!(flags, known, "a new flag has a line in src/config/keys.rs, or stands for one time alone");
}

#[test]
fn every_flag_is_a_key_and_every_key_a_flag() {
    is_complete::<RunArgs>(|place| matches!(place, Place::Run(_)), &OF_ONE_RUN);
    is_complete::<MergeArgs>(
        |place| matches!(place, Place::Merge(_)),
        &[&OF_ONE_MERGE[..], &[ONCE_LOOKED_AT]].concat(),
    );
    is_complete::<BuildArgs>(|place| matches!(place, Place::Build(_)), &OF_ONE_BUILD);
}

#[test]
fn keys_of_other_verbs_stand_in_a_table_of_the_verb() {
    for key in &KEYS {
        let table = match key.place {
            Place::Run(_) => None,
            Place::Merge(_) => Some("merge"),
            Place::Build(_) => Some("build"),
        };
        assert_eq!(key.table(), table, "{}", key.name);
    }
}

/// What is typed is known by the id of the flag, with `-` for `_`.
#[test]
fn every_flag_is_known_by_its_own_name() {
    for flag in [flags::<RunArgs>(), flags::<MergeArgs>(), flags::<BuildArgs>()].concat() {
        assert_eq!(flag.get_id().as_str().replace('_', "-"), flag.get_long().unwrap());
    }
}

#[test]
fn the_help_of_each_flag_names_the_default_of_its_key() {
    for key in KEYS.iter().filter(|key| !matches!(key.default, "" | "false" | "bn's own")) {
        let own = flag(key).get_default_values().first().map(|value| value.to_string_lossy().into_owned());
        let said = help(key);
        assert!(said.contains(key.default) || own.as_deref() == Some(key.default), "{}: {said}", key.name);
    }
}

/// The row of a key in the page.
fn row(key: &Key) -> String {
    let what = help(key);
    let what = what.split(" [default").next().unwrap_or_default();
    let default = match (key.default, &key.variable) {
        ("" | "false", None) => "-".to_owned(),
        (default, None) => default.to_owned(),
        (default, Some(variable)) => format!("`${}`, or {default}", variable.name),
    };
    format!("| `{}` | {} | {what} | {default} |", key.name, key.form.shown())
}

#[test]
fn the_page_has_a_row_for_every_key() {
    let page = include_str!("../../../docs/configuration.md");
    let expected: Vec<String> = KEYS.iter().map(row).collect();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows, expected, "docs/configuration.md is to have these rows:\n{}\n", expected.join("\n"));
}

fn opens(name: &str, value: &Value) -> bool {
    let machine = Machine { cpus: 8, memory: 16 << 30, disk: 100 << 30 };
    (find(name).unwrap().opens)(value, &machine)
}

#[test]
fn what_lowers_the_wall_is_told_from_what_does_not() {
    let text = |text: &str| Value::Text(text.to_owned());
    let list = |items: &[&str]| Value::List(items.iter().map(|item| (*item).to_owned()).collect());
    let lowers = [
        ("secret", list(&["AWS_SECRET_ACCESS_KEY"])),
        ("ssh", Value::Flag(true)),
        ("mount", list(&["~/data:/data"])),
        ("with-settings", Value::Flag(true)),
        ("tag", text("docker.io/library/other:1")),
        ("memory", text("15g")),
        ("pids-limit", text("100000")),
        ("seccomp-profile", text("/tmp/open.json")),
        ("graph", text(" files ")),
        ("network", text("host")),
        ("publish", list(&["3000", "0.0.0.0:80:80"])),
        ("publish", list(&["[::]:80:80"])),
        ("allow", list(&["db.corp:5432"])),
        ("allow", list(&["localhost:11434"])),
        ("only", list(&["@github", "10.0.0.1"])),
        ("upstream-by-name", Value::Flag(true)),
        ("push", text("branch")),
        ("build.tag", text("localhost/mine")),
        ("build.file", text("/home/me/Containerfile")),
    ];
    let harmless = [
        ("secret", list(&[])),
        ("ssh", Value::Flag(false)),
        ("tag", text("v2")),
        ("memory", text("8g")),
        ("pids-limit", text("512")),
        ("graph", text("read-only")),
        ("network", text("none")),
        ("publish", list(&["3000", "localhost:8080:80", "127.0.0.1:1:1"])),
        ("allow", list(&[])),
        ("only", list(&["@github", "@npm"])),
        ("upstream-by-name", Value::Flag(false)),
        ("push", text("no")),
        ("agent", text("codex")),
        ("prompt", text("Fix it")),
        ("no-merge", Value::Flag(true)),
        ("merge.squash", Value::Flag(true)),
        ("build.tag", text("v2")),
        ("build.base-image", text("localhost/base:1")),
    ];
    lowers.iter().for_each(|(name, value)| assert!(opens(name, value), "{name} = {value}"));
    harmless.iter().for_each(|(name, value)| assert!(!opens(name, value), "{name} = {value}"));
}

#[test]
fn variables_that_lead_an_agents_requests_elsewhere_are_known() {
    for name in [
        "ANTHROPIC_BASE_URL",
        "my_lab_base_url",
        "CODEX_REFRESH_TOKEN_URL_OVERRIDE",
        "OPENAI_API_BASE",
        "AZURE_OPENAI_ENDPOINT",
    ] {
        assert!(leads_elsewhere(name), "{name}");
    }
    for name in
        ["RAILS_ENV", "DATABASE_URL", "S3_ENDPOINT", "OPENAI_MODEL", "COPILOT_MODEL", "CLAUDE_CODE_MAX_OUTPUT_TOKENS"]
    {
        assert!(!leads_elsewhere(name), "{name}");
    }
}
