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
    let mut unasked = Unasked::by(hooks);
    for path in changed.into_iter().collect::<BTreeSet<_>>() {
        let entry = |obeyed_by| Handoff { path: path.to_owned(), obeyed_by };
        if let Some(obeyed_by) = unasked.obeyed(path) {
            handoffs.held.push(entry(obeyed_by));
        } else if let Some(obeyed_by) = NAMED_PATTERNS.find(&lower_names(path)) {
            handoffs.named.push(entry(obeyed_by));
        }
    }
    handoffs
}

/// What tells the question who obeys a file unasked from that of another version, without hooks: other tables, other answers.
pub fn question() -> String {
    format!("{}\n{HELD}", env!("CARGO_PKG_VERSION"))
}

/// Who runs or obeys a file without anybody asking, if somebody does.
pub fn obeyed_unasked(path: &Path, hooks: &[PathBuf]) -> Option<&'static str> {
    Unasked::by(hooks).obeyed(path)
}

/// The same for the files of a whole tree: the names of a folder are taken apart once, and not for each of its files.
pub struct Unasked<'a> {
    hooks: &'a [PathBuf],
    folder: PathBuf,
    /// Those of the folder, and for a moment that of a file in it.
    names: Vec<String>,
    /// Whether a pattern begins with one of the folder's names.
    begins: bool,
}

impl<'a> Unasked<'a> {
    pub fn by(hooks: &'a [PathBuf]) -> Self {
        Self { hooks, folder: PathBuf::new(), names: Vec::new(), begins: false }
    }

    /// Who runs or obeys the file.
    pub fn obeyed(&mut self, path: &Path) -> Option<&'static str> {
        hook(path, self.hooks).or_else(|| repository(path)).or_else(|| self.held(path))
    }

    fn held(&mut self, path: &Path) -> Option<&'static str> {
        let folder = path.parent()?;
        if self.folder.as_os_str() != folder.as_os_str() {
            self.folder = folder.to_owned();
            self.names = lower_names(folder);
            self.begins = self.names.iter().any(|name| HELD_PATTERNS.begin_with(name));
        }
        let name = same_elsewhere(&path.file_name()?.to_string_lossy());
        if !self.begins && !HELD_PATTERNS.begin_with(&name) {
            return None;
        }
        self.names.push(name);
        let obeyed_by = HELD_PATTERNS.first_of(&self.names);
        self.names.pop();
        obeyed_by
    }
}

fn lower_names(path: &Path) -> Vec<String> {
    path.components().map(|name| same_elsewhere(&name.as_os_str().to_string_lossy())).collect()
}

/// What file systems of other machines take a name for: without case, without what one of them ignores, without dots and
/// spaces at the end, and without the name of a stream. Whoever pulls the work may have one of them.
fn same_elsewhere(name: &str) -> String {
    let ignored = |letter: &char| matches!(letter, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let folded = |letter: char| if letter == '\u{17f}' { 's' } else { letter };
    let plain = match name.is_ascii() {
        true => name.to_ascii_lowercase(),
        false => name.chars().filter(|letter| !ignored(letter)).flat_map(char::to_lowercase).map(folded).collect(),
    };
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
    let in_bare = || {
        path.ancestors().skip(1).filter_map(Path::file_name).any(|name| {
            name.to_str().is_some_and(|name| name.len() > ".git".len() && name.to_lowercase().ends_with(".git"))
        })
    };
    let name = path.file_name()?.to_str()?;
    (name == "HEAD" || ["config", "config.worktree", "commondir"].contains(&name) && in_bare())
        .then_some("git: a repository inside the tree")
}

/// A name of a pattern, with at most one `*`: what stands before that, and behind.
#[derive(Clone, Copy)]
struct Glob {
    start: &'static str,
    end: Option<&'static str>,
}

/// A pattern, taken apart once: whole trees are looked through.
struct Pattern {
    obeyed_by: &'static str,
    names: Vec<Glob>,
    /// It begins at the top of the tree.
    at_top: bool,
    /// It is a folder.
    folder: bool,
}

/// All patterns of a table, and the names with which they begin: most paths have none of these.
struct Patterns {
    all: Vec<Pattern>,
    beginnings: HashSet<&'static str>,
    globs: Vec<Glob>,
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

impl Patterns {
    fn of(table: &'static str) -> Self {
        let all = patterns(table);
        let firsts = all.iter().filter_map(|pattern: &Pattern| pattern.names.first().copied());
        let (globs, plain): (Vec<_>, Vec<_>) = firsts.partition(|glob| glob.end.is_some());
        Self { all, beginnings: plain.into_iter().map(|glob| glob.start).collect(), globs }
    }

    fn begin_with(&self, name: &str) -> bool {
        self.beginnings.contains(name) || self.globs.iter().any(|glob| glob.fits(name))
    }

    fn first_of(&self, names: &[String]) -> Option<&'static str> {
        self.all.iter().find(|pattern| pattern.matches(names)).map(|pattern| pattern.obeyed_by)
    }

    fn find(&self, names: &[String]) -> Option<&'static str> {
        names.iter().any(|name| self.begin_with(name)).then(|| self.first_of(names)).flatten()
    }
}

impl Pattern {
    fn new(obeyed_by: &'static str, text: &'static str) -> Self {
        let names = text.trim_matches('/').split('/').map(Glob::new).collect();
        Self { obeyed_by, names, at_top: text.starts_with('/'), folder: text.ends_with('/') }
    }

    fn matches(&self, names: &[String]) -> bool {
        let fits_at = |start: usize| names[start..].iter().zip(&self.names).all(|(name, glob)| glob.fits(name));
        let Some(last) = names.len().checked_sub(self.names.len()) else { return false };
        let first = if self.folder { 0 } else { last };
        let last = if self.at_top { 0 } else { last };
        (first..=last).any(fits_at)
    }
}

impl Glob {
    fn new(text: &'static str) -> Self {
        let (start, end) = text.split_once('*').map_or((text, None), |(start, end)| (start, Some(end)));
        Self { start, end }
    }

    fn fits(&self, name: &str) -> bool {
        let Self { start, end: Some(end) } = *self else { return self.start == name };
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    }
}

#[cfg(test)]
mod tests;
