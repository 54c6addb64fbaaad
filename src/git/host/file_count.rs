//! The number of files of a commit, counted without writing them out: a few objects can name an endless tree.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use crate::git::host::objects::{self, Ask};
use crate::git::host::{Git, GitError};

/// How long one step of the counting may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Bytes of trees that are read for it at a time; folders in it; folders one in the other. Whatever has more counts as endless.
const BYTES_MAX: u64 = 256 << 20;
const TREES_MAX: usize = 1_000_000;
const DEPTH_MAX: usize = 1000;

/// One entry of a tree.
#[derive(PartialEq, Eq, Hash)]
struct Entry {
    is_tree: bool,
    name: Vec<u8>,
    /// In bytes: of most entries nobody needs the letters.
    id: Vec<u8>,
}

/// What counts of a tree: its own files, and the trees in it as often as they are named.
struct Folder {
    files: u64,
    folders: Vec<String>,
}

/// How many more files the second commit has than the first.
pub fn added(git: &Git, git_dir: &Path, from: &str, to: &str) -> Result<u64, GitError> {
    if from == to {
        return Ok(0);
    }
    let roots = [from, to].map(|commit| format!("{commit}^{{tree}}"));
    let Some(mut roots) = read(git, git_dir, &roots)? else { return Ok(u64::MAX) };
    let (Some(new), Some(old)) = (roots.pop(), roots.pop()) else { return Ok(0) };
    // What both have at the top is as large in both.
    let only = |one: &[Entry], other: &[Entry]| {
        let other: std::collections::HashSet<&Entry> = other.iter().collect();
        folder(one.iter().filter(|entry| !other.contains(entry)))
    };
    let (more, fewer) = (only(&new, &old), only(&old, &new));
    Ok(files(git, git_dir, more)?.saturating_sub(files(git, git_dir, fewer)?))
}

fn folder<'a>(entries: impl Iterator<Item = &'a Entry>) -> Folder {
    let (mut files, mut folders) = (0, Vec::new());
    for entry in entries {
        match entry.is_tree {
            true => folders.push(objects::letters(&entry.id)),
            false => files += 1,
        }
    }
    Folder { files, folders }
}

/// Every tree is read once, however often it is named.
fn files(git: &Git, git_dir: &Path, root: Folder) -> Result<u64, GitError> {
    let mut known: HashMap<String, Folder> = HashMap::new();
    let mut wave = root.folders.clone();
    for depth in 0.. {
        wave.retain(|id| !known.contains_key(id));
        wave.sort_unstable();
        wave.dedup();
        if wave.is_empty() {
            break;
        }
        if depth == DEPTH_MAX || known.len() + wave.len() > TREES_MAX {
            return Ok(u64::MAX);
        }
        let Some(trees) = read(git, git_dir, &wave)? else { return Ok(u64::MAX) };
        let next =
            trees.iter().flatten().filter(|entry| entry.is_tree).map(|entry| objects::letters(&entry.id)).collect();
        for (id, entries) in std::mem::replace(&mut wave, next).into_iter().zip(&trees) {
            known.insert(id, folder(entries.iter()));
        }
    }
    Ok(sum(&root, &known))
}

/// From above: a tree is complete as soon as all that name it are.
fn sum(root: &Folder, known: &HashMap<String, Folder>) -> u64 {
    let mut waiting: HashMap<&str, u64> = HashMap::new();
    for id in known.values().chain([root]).flat_map(|folder| &folder.folders) {
        *waiting.entry(id).or_default() += 1;
    }
    let mut times: HashMap<&str, u64> = HashMap::new();
    let mut ready = vec![(root, 1)];
    let mut total: u64 = 0;
    while let Some((folder, often)) = ready.pop() {
        total = total.saturating_add(folder.files.saturating_mul(often));
        for id in &folder.folders {
            let times = times.entry(id).or_default();
            *times = times.saturating_add(often);
            let Some(waiting) = waiting.get_mut(id.as_str()) else { continue };
            *waiting -= 1;
            if let (0, Some(folder)) = (*waiting, known.get(id)) {
                ready.push((folder, *times));
            }
        }
    }
    total
}

/// The entries of these trees, in the same order. `None` where that is too much to read.
fn read(git: &Git, git_dir: &Path, trees: &[String]) -> Result<Option<Vec<Vec<Entry>>>, GitError> {
    let ask = |what| objects::ask(git, (git_dir, "count the files"), trees, what, TIME_LIMIT);
    let sizes = String::from_utf8_lossy(&ask(Ask::Facts)?).lines().map(objects::size).sum::<u64>();
    if sizes > BYTES_MAX {
        return Ok(None);
    }
    let answer = ask(Ask::Content)?;
    let mut rest = answer.as_slice();
    Ok(Some(trees.iter().map(|_| next_tree(&mut rest)).collect()))
}

/// `ID tree SIZE LF CONTENT LF`. Whatever is no tree has no entries.
fn next_tree(rest: &mut &[u8]) -> Vec<Entry> {
    let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let (line, after) = rest.split_at(end);
    *rest = after.get(1..).unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split(' ').collect();
    let [id, "tree", size] = words.as_slice() else { return Vec::new() };
    let (content, after) = rest.split_at(size.parse().unwrap_or(0).min(rest.len()));
    *rest = after.get(1..).unwrap_or_default();
    entries(content, id.len() / 2)
}

/// `MODE NAME NUL ID …`, the id in bytes.
fn entries(mut content: &[u8], id_length: usize) -> Vec<Entry> {
    let mut found = Vec::new();
    while let Some(nul) = content.iter().position(|&byte| byte == 0) {
        let (head, rest) = content.split_at(nul);
        let Some(id) = rest.get(1..=id_length) else { break };
        content = rest.get(1 + id_length..).unwrap_or_default();
        let space = head.iter().position(|&byte| byte == b' ').unwrap_or(head.len());
        let (mode, name) = head.split_at(space);
        let is_tree = mode == b"40000" || mode == b"040000";
        found.push(Entry { is_tree, name: name.to_vec(), id: id.to_vec() });
    }
    found
}
