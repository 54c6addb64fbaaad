//! Files that programs of the host run or obey: an agent that changes one of them reaches past its container.
//!
//! Names decide, not contents. What a hook or a task in turn calls is not followed.

mod held;
mod named;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use held::HELD;
use named::NAMED;

/// Who obeys files, and the patterns of their names, with spaces between.
///
/// A pattern is one or more names of a path, in any case. It matches at the end of a path, wherever that lies, or, with
/// a leading `/`, at the top of the tree only. With a `/` behind, it is a folder: whatever lies in it matches, too.
/// A `*` stands for any characters of a name.
type Table = [(&'static str, &'static str)];

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

/// Sorts the paths that a run changed, as they stand in the tree. `hooks` is where the host's git has its hooks
/// (`core.hooksPath`), where that is in the tree.
pub fn classify<'a>(changed: impl IntoIterator<Item = &'a Path>, hooks: Option<&Path>) -> Handoffs {
    let mut handoffs = Handoffs::default();
    for path in changed.into_iter().collect::<BTreeSet<_>>() {
        let names = lower_names(path);
        let entry = |obeyed_by| Handoff { path: path.to_owned(), obeyed_by };
        if let Some(obeyed_by) = hook(path, hooks).or_else(|| repository(path)).or_else(|| find(HELD, &names)) {
            handoffs.held.push(entry(obeyed_by));
        } else if let Some(obeyed_by) = find(NAMED, &names) {
            handoffs.named.push(entry(obeyed_by));
        }
    }
    handoffs
}

fn lower_names(path: &Path) -> Vec<String> {
    path.components().map(|name| name.as_os_str().to_string_lossy().to_lowercase()).collect()
}

fn hook(path: &Path, hooks: Option<&Path>) -> Option<&'static str> {
    path.starts_with(hooks?).then_some("git: its hooks folder")
}

/// Git takes a folder with `HEAD`, `objects` and `refs` for a repository, and runs what its `config` says.
fn repository(path: &Path) -> Option<&'static str> {
    path.file_name().is_some_and(|name| name == "HEAD").then_some("git: a repository inside the tree")
}

fn find(table: &Table, names: &[String]) -> Option<&'static str> {
    let matching = |patterns: &str| patterns.split(' ').any(|pattern| matches(pattern, names));
    table.iter().find(|(_, patterns)| matching(patterns)).map(|(obeyed_by, _)| *obeyed_by)
}

fn matches(pattern: &str, names: &[String]) -> bool {
    let wanted: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    let fits_at = |start: usize| names[start..].iter().zip(&wanted).all(|(name, glob)| fits(glob, name));
    let Some(last) = names.len().checked_sub(wanted.len()) else { return false };
    let first = if pattern.ends_with('/') { 0 } else { last };
    let last = if pattern.starts_with('/') { 0 } else { last };
    (first..=last).any(fits_at)
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
