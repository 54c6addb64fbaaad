//! From a command line that clap refused to one clear line, and to what to type instead.

mod flags;
mod topics;
mod typed;
mod verbs;

use std::error::Error;
use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::Cli;
use crate::error::{self, USAGE, Usage};
use crate::output::Output;
use typed::Typed;

/// Answers a command line that clap refused, and one that asked for help; returns the exit code.
pub fn report(error: &clap::Error, words: &[OsString]) -> u8 {
    let asked_for_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if asked_for_help {
        // A terminal that went away has no use for the answer.
        drop(error.print());
        return u8::try_from(error.exit_code()).unwrap_or(USAGE);
    }
    if let Some(topic) = topics::asked(words) {
        drop(Output::new(false).text(topic.text));
        return 0;
    }
    let json = words.iter().skip(1).take_while(|word| *word != "--").any(|word| word == "--json");
    let usage = explain(&Cli::command(), words, error);
    error::report(&usage.into(), &Output::new(json))
}

/// `words` is the whole command line, the program's name included.
fn explain(root: &clap::Command, words: &[OsString], error: &clap::Error) -> Usage {
    let typed = Typed::read(root, words);
    let refused = text(error, ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::InvalidSubcommand => no_command(root, &typed, &text(error, ContextKind::InvalidSubcommand)),
        ErrorKind::UnknownArgument if refused.starts_with('-') => flags::unknown(root, &typed, &refused),
        ErrorKind::UnknownArgument => one_too_many(root, &typed, &refused),
        ErrorKind::InvalidValue => no_such_value(error, &refused),
        ErrorKind::ValueValidation => {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            Usage::new(format!("{}: {reason}", bare(&refused)))
        }
        ErrorKind::ArgumentConflict => {
            let (refused, other) = (bare(&refused), bare(&text(error, ContextKind::PriorArg)));
            let wrong = match refused == other {
                true => format!("{refused} is given twice"),
                false => format!("{refused} cannot be used with {other}"),
            };
            Usage::new(wrong).hint("leave one of them out")
        }
        ErrorKind::MissingRequiredArgument => missing(root, &typed, error),
        _ => as_clap_says(error),
    }
}

/// What clap has noted of the error, as text; several things are joined.
fn text(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        _ => String::new(),
    }
}

fn no_command(root: &clap::Command, typed: &Typed, word: &str) -> Usage {
    let group = typed.path.join(" ");
    let error = Usage::new(format!("there is no command `{group} {word}`"));
    if let Some(answer) = topics::unknown(root, typed, word) {
        return answer;
    }
    let meant = verbs::meant(root, &typed.path, word);
    match meant.lines.as_slice() {
        [] => error.hint(format!("{group} --help lists the commands")),
        [one] if meant.takes_the_rest => error.hint(format!("you may mean: {}", typed.with_command(one, word))),
        several => error.hint(format!("you may mean: {}", several.join(", or: "))),
    }
}

/// A word where no further one is taken.
fn one_too_many(root: &clap::Command, typed: &Typed, word: &str) -> Usage {
    let path = typed.path.join(" ");
    match path.as_str() {
        "bn container run" => Usage::new(format!("`{word}` is one word too many: the command goes after --"))
            .hint(format!("you may mean: {}", typed.with_dashes(word))),
        "bn task create" => Usage::new(format!("`{word}` is one word too many: a title of several goes in quotes"))
            .hint(format!("you may mean: {}", typed.with_title_in_quotes(word))),
        _ => Usage::new(format!("`{word}` is one word too many")).hint(usage(root, typed)),
    }
}

fn no_such_value(error: &clap::Error, argument: &str) -> Usage {
    let value = text(error, ContextKind::InvalidValue);
    let values = text(error, ContextKind::ValidValue);
    let argument = bare(argument);
    match (value.is_empty(), values.is_empty()) {
        (true, true) => Usage::new(format!("{argument} needs a value")),
        (true, false) => Usage::new(format!("{argument} needs a value: one of {values}")),
        (false, _) => Usage::new(format!("{argument} {value}: not one of {values}")),
    }
}

fn missing(root: &clap::Command, typed: &Typed, error: &clap::Error) -> Usage {
    let names = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(names)) => names.iter().map(|name| one_of(name)).collect::<Vec<_>>().join(" and "),
        _ => return as_clap_says(error),
    };
    let error = Usage::new(format!("`{}` needs {names}", typed.path.join(" ")));
    match names.as_str() {
        // The two go together.
        "--create" | "--branch" => error.hint("such as: bn container run --create --branch fix ../fix"),
        _ => error.hint(usage(root, typed)),
    }
}

/// A group of arguments, of which one is needed, or the only one.
fn one_of(group: &str) -> String {
    let alternatives =
        group.strip_prefix("<-").map(|rest| rest.split('|').map(|name| bare(name.trim_start_matches('-'))));
    match alternatives {
        Some(names) => names.map(|name| format!("--{name}")).collect::<Vec<_>>().join(" or "),
        None => bare(group),
    }
}

/// How the command is typed.
fn usage(root: &clap::Command, typed: &Typed) -> String {
    let name = typed.path.join(" ");
    let line = verbs::find(root, &typed.path)
        .map(|command| command.clone().bin_name(name.clone()).render_usage().to_string())
        .unwrap_or_default();
    let line = line.trim_start_matches("Usage:").lines().next().unwrap_or_default().trim().to_owned();
    format!("usage: {line}")
}

/// An argument as clap shows it, without what marks its value: `--agent <NAME>` is `--agent`, `<TITLE>` is `TITLE`.
fn bare(argument: &str) -> String {
    let word = argument.split(' ').next().unwrap_or(argument);
    let word = word.split("[=").next().unwrap_or(word);
    let name = word.trim_end_matches('.').trim_matches(|letter| matches!(letter, '<' | '>'));
    // HOST[:PORT] has brackets of its own.
    match name.strip_prefix('[') {
        Some(rest) => rest.trim_end_matches('.').trim_end_matches(']').to_owned(),
        None => name.to_owned(),
    }
}

fn as_clap_says(error: &clap::Error) -> Usage {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let hints = lines.filter_map(|line| line.strip_prefix("Usage: ")).map(|line| format!("usage: {line}"));
    Usage { message, hints: hints.take(1).collect() }
}
