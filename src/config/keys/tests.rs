//! The table against the flags and against its page.

use std::collections::BTreeSet;

use clap::{Arg, Args, Command};

use super::*;

/// Flags that say what this one run is.
const OF_ONE_RUN: [&str; 8] = ["name", "shell", "create", "branch", "dry-run", "interactive", "continue", "fresh"];

fn flags() -> Vec<Arg> {
    let command = crate::cli::container::RunArgs::augment_args(Command::new("run"));
    command.get_arguments().filter(|arg| arg.get_long().is_some()).cloned().collect()
}

fn help(name: &str) -> String {
    let flag = flags().into_iter().find(|flag| flag.get_long() == Some(name)).unwrap();
    flag.get_help().unwrap().to_string()
}

#[test]
fn every_flag_of_run_is_a_key_and_every_key_a_flag() {
    let flags: BTreeSet<String> = flags().iter().filter_map(|arg| arg.get_long()).map(str::to_owned).collect();
    let keys: BTreeSet<String> = KEYS.iter().map(|key| key.name.to_owned()).collect();
    let of_one_run = OF_ONE_RUN.iter().map(|name| (*name).to_owned());
    let known = keys.iter().cloned().chain(of_one_run).collect::<BTreeSet<_>>();
    assert_eq!(flags, known, "a new flag of run has a line in src/config/keys.rs, or stands for one run alone");
}

/// What is typed is known by the id of the flag, with `-` for `_`.
#[test]
fn every_flag_is_known_by_its_own_name() {
    for flag in flags() {
        assert_eq!(flag.get_id().as_str().replace('_', "-"), flag.get_long().unwrap());
    }
}

#[test]
fn the_help_of_each_flag_names_the_default_of_its_key() {
    for key in KEYS.iter().filter(|key| !matches!(key.default, "" | "false" | "bn's own")) {
        let flag = flags().into_iter().find(|flag| flag.get_long() == Some(key.name)).unwrap();
        let own = flag.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
        let said = help(key.name);
        assert!(said.contains(key.default) || own.as_deref() == Some(key.default), "{}: {said}", key.name);
    }
}

/// The row of a key in the page.
fn row(key: &Key) -> String {
    let what = help(key.name);
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
    ];
    lowers.iter().for_each(|(name, value)| assert!(opens(name, value), "{name} = {value}"));
    harmless.iter().for_each(|(name, value)| assert!(!opens(name, value), "{name} = {value}"));
}
