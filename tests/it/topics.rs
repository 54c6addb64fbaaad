//! `bn help TOPIC`: what it says is what the sources say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::world::World;

const TOPICS: [&str; 4] = ["exit-codes", "environment", "network", "files"];

fn topic(name: &str) -> String {
    let answer = World::new().bn(&["help", name]);
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{answer:?}");
    answer.stdout
}

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let below = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    below.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The words in a text that are made of capitals and begin so, such as the names of variables.
fn variables(text: &str, start: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_uppercase() && !letter.is_ascii_digit() && letter != '_');
    words.filter(|word| word.starts_with(start) && word.len() > start.len()).map(str::to_owned).collect()
}

#[test]
fn every_topic_is_listed_and_fits_eighty_columns() {
    let listed = World::new().bn(&["--help"]).stdout;
    assert!(listed.contains("bn help exit-codes | environment | network | files"), "{listed}");
    for name in TOPICS {
        let text = topic(name);
        assert!(text.lines().count() > 10 && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn every_exit_code_there_is_is_named() {
    let text = topic("exit-codes");
    let constants: Vec<String> =
        ["src/error.rs", "src/graph/error.rs"].map(source).join("\n").lines().map(str::to_owned).collect();
    let codes: Vec<&str> = constants
        .iter()
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once(": u8 = ")?.1.strip_suffix(';'))
        .collect();
    assert!(codes.len() >= 5, "{codes:?}");
    for code in codes {
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(code)), "{code} is not in: {text}");
    }
    // README has those of a run.
    let readme = source("README.md");
    let section = readme.split("## Exit codes of `bn container run`").nth(1).unwrap().split("\n## ").next().unwrap();
    for code in section.split('`').filter(|word| word.parse::<u8>().is_ok()) {
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(code)), "{code} is not in: {text}");
    }
}

#[test]
fn every_variable_that_is_read_is_named_and_no_other() {
    let named = topic("environment");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all: String = ["src", "container"]
        .iter()
        .flat_map(|folder| files(&root.join(folder)))
        .filter(|path| !path.to_string_lossy().contains("topics"))
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    // The first is of debug builds, the second of the scripts that `bn completions` prints, and the third goes from bn to itself.
    let own = ["BN_FAILPOINT", "BN_COMPLETE", "BN_SCREEN"];
    let used: BTreeSet<String> =
        variables(&all, "BN_").into_iter().filter(|name| !own.contains(&name.as_str())).collect();
    assert_eq!(variables(&named, "BN_"), used);
    for file in files(&root.join("src/env")) {
        let text = fs::read_to_string(file).unwrap();
        for name in text.split('"').skip(1).step_by(2).filter(|word| {
            word.len() > 1 && !own.contains(word) && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        }) {
            assert!(variables(&named, "").contains(name), "{name} is not in: {named}");
        }
    }
}

#[test]
fn every_kind_of_network_and_every_flag_of_it_is_there() {
    let text = topic("network");
    let help = World::new().bn(&["container", "run", "--help"]).stdout;
    let flags: Vec<&str> = text.split_whitespace().filter(|word| word.starts_with("--")).collect();
    assert!(flags.contains(&"--allow") && flags.iter().all(|flag| help.contains(flag)), "{flags:?}");
    for network in ["none", "host", "egress"] {
        assert!(text.contains(&format!("--network {network}")), "{text}");
    }
}

#[test]
fn every_folder_of_the_sources_is_there() {
    let text = topic("files");
    let folders = source("src/data_dir.rs");
    let names = folders.split(".join(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for name in names.filter(|name| !name.starts_with('.')) {
        let folder = name.split('/').next().unwrap();
        // Where no folder for it is set, what `runtime` has lies with the run.
        assert!(folder == "runtime" || text.contains(folder), "{name} is not in: {text}");
    }
    assert!(text.contains("/binnacle ") && text.contains("graph.sock"));
}
