//! Commands that were probably meant by a word that is none.

use clap::Command;

use crate::near::{is_plain_slip, is_slip};

/// What other programs call it: a group of commands, the word, and what it is called here.
const ELSEWHERE: [(&str, &str, &str); 28] = [
    ("container", "ps", "bn container list"),
    ("container", "status", "bn container list"),
    ("container", "start", "bn container run"),
    ("container", "up", "bn container run"),
    ("container", "create", "bn container run --create"),
    ("container", "tail", "bn container logs --follow"),
    ("container", "log", "bn container logs"),
    ("container", "kill", "bn container stop"),
    ("container", "down", "bn container stop"),
    ("container", "rm", "bn container prune"),
    ("container", "remove", "bn container prune"),
    ("container", "delete", "bn container prune"),
    ("container", "clean", "bn container prune"),
    ("container", "land", "bn container merge"),
    ("container", "check", "bn container doctor"),
    ("task", "new", "bn task create"),
    ("task", "todo", "bn task create"),
    ("task", "take", "bn task claim"),
    ("task", "start", "bn task claim"),
    ("task", "finish", "bn task close"),
    ("task", "complete", "bn task close"),
    ("task", "resolve", "bn task close"),
    ("task", "view", "bn task show"),
    ("task", "get", "bn task show"),
    ("task", "comment", "bn task note"),
    ("task", "remove", "bn task delete"),
    ("task", "next", "bn ready"),
    ("agent", "ps", "bn agent list"),
];

/// Commands that may have been meant.
#[derive(Debug, Default)]
pub struct Meant {
    /// As lines to type.
    pub lines: Vec<String>,
    /// They take what was typed after the word; what other programs call it may take something else.
    pub takes_the_rest: bool,
}

/// What was meant by `typed` below the command at `path` (`bn`, or `bn container`): best first, and nothing that is hidden.
pub fn meant(root: &Command, path: &[String], typed: &str) -> Meant {
    let group = path.get(1).map(String::as_str);
    let here = find(root, path).map(|command| children(command, path)).unwrap_or_default();
    let everywhere = leaves(root, &["bn".to_owned()]);
    let named = everywhere.iter().filter(|(_, names)| names.iter().any(|name| name == typed));
    let named = named.map(|(line, _)| line.clone()).collect();
    let same = |lines| Meant { lines, takes_the_rest: true };
    let elsewhere = Meant { lines: elsewhere(group, typed), takes_the_rest: false };
    let (named, near, far) =
        (same(named), same(slips(&here, typed, is_slip)), same(slips(&everywhere, typed, is_plain_slip)));
    let guesses = match group {
        // Whoever names no group means the command of that name, whatever the group.
        None => [named, elsewhere, near, far],
        Some(_) => [elsewhere, near, named, far],
    };
    guesses.into_iter().find(|guess| !guess.lines.is_empty()).unwrap_or_default()
}

fn elsewhere(group: Option<&str>, typed: &str) -> Vec<String> {
    let fits = |(of, word, _): &&(&str, &str, &str)| *word == typed && group.is_none_or(|group| *of == group);
    ELSEWHERE.iter().filter(fits).map(|(_, _, line)| (*line).to_owned()).collect()
}

fn slips(commands: &[(String, Vec<String>)], typed: &str, is_near: fn(&str, &str) -> bool) -> Vec<String> {
    let near = |names: &[String]| names.iter().any(|name| is_near(typed, name));
    commands.iter().filter(|(_, names)| near(names)).map(|(line, _)| line.clone()).collect()
}

/// The command at a path that begins with `bn`.
pub fn find<'a>(root: &'a Command, path: &[String]) -> Option<&'a Command> {
    path.iter().skip(1).try_fold(root, |command, name| command.find_subcommand(name))
}

/// The commands directly below, as lines to type, with all that they are called.
fn children(command: &Command, path: &[String]) -> Vec<(String, Vec<String>)> {
    let shown = command.get_subcommands().filter(|child| !child.is_hide_set());
    shown.map(|child| (format!("{} {}", path.join(" "), child.get_name()), names(child))).collect()
}

/// The commands without commands below them.
fn leaves(command: &Command, path: &[String]) -> Vec<(String, Vec<String>)> {
    let shown = command.get_subcommands().filter(|child| !child.is_hide_set());
    shown
        .flat_map(|child| {
            let path = [path, &[child.get_name().to_owned()]].concat();
            match child.has_subcommands() {
                true => leaves(child, &path),
                false => vec![(path.join(" "), names(child))],
            }
        })
        .collect()
}

fn names(command: &Command) -> Vec<String> {
    std::iter::once(command.get_name()).chain(command.get_all_aliases()).map(str::to_owned).collect()
}
