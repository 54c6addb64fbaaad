//! A command line as it was typed, and as it could have been.

use std::ffi::OsString;
use std::path::Path;

use clap::Command;

use crate::process::Cmd;

/// What was typed.
pub struct Typed {
    /// The command that was named, from `bn` on.
    pub path: Vec<String>,
    /// Everything after `bn`.
    words: Vec<String>,
    /// How many of the words name the command, flags between them included.
    named_by: usize,
}

impl Typed {
    pub fn read(root: &Command, words: &[OsString]) -> Self {
        let words: Vec<String> = words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        let mut path = vec!["bn".to_owned()];
        let (mut command, mut named_by, mut at) = (root, 0, 0);
        while let Some(word) = words.get(at) {
            at += 1;
            if word == "-C" {
                at += 1;
            } else if !word.starts_with('-') {
                let Some(found) = command.find_subcommand(word) else { break };
                path.push(found.get_name().to_owned());
                (command, named_by) = (found, at);
            }
        }
        Self { path, words, named_by }
    }

    /// The command whose help was asked for with `bn help`, up to the word that is none.
    pub fn asks_help_of(&self, word: &str) -> Option<Vec<String>> {
        let mut words = self.words.iter().skip(self.named_by).filter(|word| !word.starts_with('-'));
        if words.next()? != "help" {
            return None;
        }
        let above = words.take_while(|typed| *typed != word).cloned();
        Some(std::iter::once("bn".to_owned()).chain(above).collect())
    }

    /// The line with another command in the place of the word that is none.
    pub fn with_command(&self, line: &str, word: &str) -> String {
        let rest = self.words.iter().skip_while(|typed| *typed != word).skip(1).cloned();
        shown(line.split(' ').map(str::to_owned).chain(rest))
    }

    /// The line with `--` before the agent's command, of which `word` is the second word, or the first.
    pub fn with_dashes(&self, word: &str) -> String {
        let at = self.position(word).unwrap_or(self.words.len());
        self.dashes_at(if self.is_command_word(at.saturating_sub(1)) { at - 1 } else { at })
    }

    /// The same for a flag that stands right after a word which is no worktree.
    pub fn command_before_flag(&self, flag: &str) -> Option<String> {
        let at = self.position(flag)?.checked_sub(1)?;
        self.is_command_word(at).then(|| self.dashes_at(at))
    }

    /// The line with all of the title's words in quotes.
    pub fn with_title_in_quotes(&self, second: &str) -> String {
        let second = self.position(second).unwrap_or(self.words.len());
        let first = second.saturating_sub(1);
        let end = self.words.iter().skip(first).position(|word| word.starts_with('-'));
        let end = end.map_or(self.words.len(), |count| first + count);
        let title = self.words[first..end].join(" ");
        let before = self.words[..first].iter().cloned();
        let line = std::iter::once("bn".to_owned()).chain(before).chain([title]);
        shown(line.chain(self.words[end..].iter().cloned()))
    }

    fn position(&self, word: &str) -> Option<usize> {
        let found = self.words.iter().skip(self.named_by).position(|typed| typed == word);
        found.map(|at| at + self.named_by)
    }

    /// Whether the word there is neither a flag, nor a flag's value, nor something that exists: a command rather than a worktree.
    fn is_command_word(&self, at: usize) -> bool {
        let is_flag = |at: usize| self.words.get(at).is_some_and(|word| word.starts_with('-'));
        let after_flag = at > self.named_by && is_flag(at - 1);
        let exists = self.words.get(at).is_none_or(|word| Path::new(word).exists() || word.contains('/'));
        at >= self.named_by && !is_flag(at) && !after_flag && !exists
    }

    fn dashes_at(&self, at: usize) -> String {
        let (before, after) = self.words.split_at(at.min(self.words.len()));
        let dashes = std::iter::once("--".to_owned());
        shown(std::iter::once("bn".to_owned()).chain(before.iter().cloned()).chain(dashes).chain(after.iter().cloned()))
    }
}

/// The words as they are typed into a shell. What a variable is set to stays out: it may be a token, and this may be a log.
fn shown(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    let is_env = |at: usize| at > 0 && matches!(words[at - 1].as_str(), "-e" | "--env");
    let mut safe = words.iter().enumerate().map(|(at, word)| match is_env(at) {
        true => without_value(word, ""),
        false if word.starts_with("--env=") => without_value(word, "--env="),
        false if word.starts_with("-e") => without_value(word, "-e"),
        false => word.clone(),
    });
    let program = safe.next().unwrap_or_default();
    Cmd::new(program).args(safe).to_string()
}

/// `KEY=VALUE` after a flag, as `KEY=VALUE` in these very words.
fn without_value(word: &str, flag: &str) -> String {
    let pair = word.strip_prefix(flag).unwrap_or(word);
    pair.split_once('=').map_or_else(|| word.to_owned(), |(key, _)| format!("{flag}{key}=VALUE"))
}
