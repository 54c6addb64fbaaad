//! Files that programs of the host run or obey: an agent that changes one of them reaches past its container.
//!
//! Names decide, not contents. What a hook or a task in turn calls is not followed.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Serialize;

/// Who obeys files, in brackets, and below that the patterns of their names.
///
/// A pattern is one or more names of a path, in any case. It matches at the end of a path, wherever that lies, or, with
/// a leading `/`, at the top of the tree only. With a `/` behind, it is a folder: whatever lies in it matches, too.
/// A `*` stands for any characters of a name.
const HELD: &str = include_str!("held.txt");
/// The same, for what somebody has to ask for.
const NAMED: &str = include_str!("named.txt");

/// A changed file, and who runs or obeys it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Handoff {
    pub path: PathBuf,
    pub obeyed_by: &'static str,
}

/// The changed files of a run that are handed to programs of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Handoffs {
    /// They work without anybody asking: the merge waits until somebody has looked.
    pub held: Vec<Handoff>,
    /// They work once somebody builds, tests or asks an agent.
    pub named: Vec<Handoff>,
}

/// Sorts the paths that a run changed, as they stand in the tree. `hooks` are folders and files of the
/// tree that the host's git has for hooks.
pub fn classify<'a>(changed: impl IntoIterator<Item = &'a Path>, hooks: &[PathBuf]) -> Handoffs {
    let mut handoffs = Handoffs::default();
    for path in changed.into_iter().collect::<BTreeSet<_>>() {
        let names = lower_names(path);
        let entry = |obeyed_by| Handoff { path: path.to_owned(), obeyed_by };
        if let Some(obeyed_by) = obeyed_unasked(path, hooks) {
            handoffs.held.push(entry(obeyed_by));
        } else if let Some(obeyed_by) = find(&NAMED_PATTERNS, &names) {
            handoffs.named.push(entry(obeyed_by));
        }
    }
    handoffs
}

/// Who runs or obeys a file without anybody asking, if somebody does.
pub fn obeyed_unasked(path: &Path, hooks: &[PathBuf]) -> Option<&'static str> {
    hook(path, hooks).or_else(|| repository(path)).or_else(|| find(&HELD_PATTERNS, &lower_names(path)))
}

fn lower_names(path: &Path) -> Vec<String> {
    path.components().map(|name| same_elsewhere(&name.as_os_str().to_string_lossy())).collect()
}

/// What file systems of other machines take a name for: without case, without what one of them ignores, without dots and
/// spaces at the end, and without the name of a stream. Whoever pulls the work may have one of them.
fn same_elsewhere(name: &str) -> String {
    let ignored = |letter: &char| matches!(letter, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let folded = |letter: char| if letter == '\u{17f}' { 's' } else { letter };
    let plain: String =
        name.chars().filter(|letter| !ignored(letter)).flat_map(char::to_lowercase).map(folded).collect();
    let plain = plain.split_once(':').map_or(plain.as_str(), |(name, _)| name);
    match plain.trim_end_matches(['.', ' ']) {
        "" => plain.to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

fn hook(path: &Path, hooks: &[PathBuf]) -> Option<&'static str> {
    hooks.iter().any(|hook| path.starts_with(hook)).then_some("git: your hooks")
}

/// Git takes a folder with `HEAD`, `objects` and `refs` for a repository, and runs what its `config` says. One that is
/// there already needs no new `HEAD`.
fn repository(path: &Path) -> Option<&'static str> {
    let ends = |end: &str| path.ends_with(end);
    let in_bare = path.ancestors().skip(1).filter_map(Path::file_name).any(|name| {
        name.to_str().is_some_and(|name| name.len() > ".git".len() && name.to_lowercase().ends_with(".git"))
    });
    (ends("HEAD") || in_bare && (ends("config") || ends("config.worktree") || ends("commondir")))
        .then_some("git: a repository inside the tree")
}

/// A pattern, taken apart once: whole trees are looked through.
struct Pattern {
    obeyed_by: &'static str,
    names: Vec<&'static str>,
    /// It begins at the top of the tree.
    at_top: bool,
    /// It is a folder.
    folder: bool,
}

/// All patterns of a table, and the names with which they begin: most paths have none of these.
struct Patterns {
    all: Vec<Pattern>,
    beginnings: HashSet<&'static str>,
    globs: Vec<&'static str>,
}

static HELD_PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns::of(HELD));
static NAMED_PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns::of(NAMED));

fn patterns(table: &'static str) -> Vec<Pattern> {
    let mut obeyed_by = "";
    let mut found = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(name) => obeyed_by = name,
            None => found.extend(line.split_whitespace().map(|text| Pattern::new(obeyed_by, text))),
        }
    }
    found
}

fn find(patterns: &Patterns, names: &[String]) -> Option<&'static str> {
    let begins = |name: &String| {
        patterns.beginnings.contains(name.as_str()) || patterns.globs.iter().any(|glob| fits(glob, name))
    };
    if !names.iter().any(begins) {
        return None;
    }
    patterns.all.iter().find(|pattern| pattern.matches(names)).map(|pattern| pattern.obeyed_by)
}

impl Patterns {
    fn of(table: &'static str) -> Self {
        let all = patterns(table);
        let firsts = all.iter().filter_map(|pattern| pattern.names.first().copied());
        let (globs, plain): (Vec<_>, Vec<_>) = firsts.partition(|name| name.contains('*'));
        Self { all, beginnings: plain.into_iter().collect(), globs }
    }
}

impl Pattern {
    fn new(obeyed_by: &'static str, text: &'static str) -> Self {
        let names = text.trim_matches('/').split('/').collect();
        Self { obeyed_by, names, at_top: text.starts_with('/'), folder: text.ends_with('/') }
    }

    fn matches(&self, names: &[String]) -> bool {
        let fits_at = |start: usize| names[start..].iter().zip(&self.names).all(|(name, glob)| fits(glob, name));
        let Some(last) = names.len().checked_sub(self.names.len()) else { return false };
        let first = if self.folder { 0 } else { last };
        let last = if self.at_top { 0 } else { last };
        (first..=last).any(fits_at)
    }
}

/// At most one `*`.
fn fits(glob: &str, name: &str) -> bool {
    match glob.split_once('*') {
        None => glob == name,
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
    }
}

#[cfg(test)]
mod tests;
