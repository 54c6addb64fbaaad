//! `bn help TOPIC`, where clap knows commands only.

use std::ffi::OsString;

use clap::Command;

use super::typed::Typed;
use super::verbs;
use crate::cli::topics::{TOPICS, Topic};
use crate::error::Usage;
use crate::near::is_slip;

/// The topic of `bn help TOPIC`.
pub fn asked(words: &[OsString]) -> Option<&'static Topic> {
    let typed = words.iter().skip(1).filter(|word| !word.to_string_lossy().starts_with('-'));
    match typed.collect::<Vec<_>>().as_slice() {
        [help, name] if *help == "help" => TOPICS.iter().find(|topic| *name == topic.name),
        _ => None,
    }
}

/// What is answered to `bn help` with words that are neither a command nor a topic.
pub fn unknown(root: &Command, typed: &Typed, word: &str) -> Option<Usage> {
    let path = typed.asks_help_of(word)?;
    let topics = TOPICS.iter().filter(|topic| is_slip(word, topic.name)).map(|topic| format!("bn help {}", topic.name));
    let meant = verbs::meant(root, &path, word).lines;
    let commands = meant.iter().filter_map(|line| line.strip_prefix("bn ")).map(|line| format!("bn help {line}"));
    let lines: Vec<String> = topics.chain(commands).collect();
    let error = Usage::new(format!("there is neither a command nor a topic `{word}`"));
    Some(match lines.is_empty() {
        true => error.hint("bn help lists them"),
        false => error.hint(format!("you may mean: {}", lines.join(", or: "))),
    })
}
