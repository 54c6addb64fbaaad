//! How much an agent's objects are when they are unpacked, counted from their headers: four megabytes can be hours of work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::git::collect::fetch::{TIME_LIMIT, limited};
use crate::git::collect::ids::id_length;
use crate::git::host::git::joined_lines;
use crate::git::host::{Git, GitError, objects};
use crate::git::private::RunGit;
use crate::process::ProcessError;

/// More is unpacked only by wish. Bytes.
const MOST: u64 = if cfg!(test) { 32 << 20 } else { 2 << 30 };
/// The index of a pack of two million objects has half of it. Bytes.
const LARGEST_INDEX: u64 = 128 << 20;
/// So many objects at which git ends in the middle of its answers are passed over.
const MOST_BROKEN: usize = 20;

/// What is unpacked of what an agent made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// No more than the host's git should do unasked.
    Usual,
    /// Whatever the user has accepted.
    Any,
}

/// What is known of objects before they are taken over.
#[derive(Debug, Default)]
pub struct Looked {
    /// Why they stay packed until the user says otherwise.
    pub excess: Option<String>,
    /// What kind of object each id names; one that is not there has none.
    pub kinds: BTreeMap<String, String>,
}

/// Looks at the objects in the folder `taken`, and at the `others` that are named. What the host has already does not count.
pub fn look(git: &Git, run: &RunGit, taken: &Path, others: &BTreeSet<&str>) -> Result<Looked, GitError> {
    let objects = taken.join("objects");
    let ids = ids(&objects, id_length(&run.checkout.object_format)).map_err(GitError::io("read", &objects))?;
    let Some(ids) = ids else {
        return Ok(Looked { excess: Some(reason("have an index too large to be read")), ..Looked::default() });
    };
    let asked = others.iter().map(|id| (*id).to_owned()).filter(|id| ids.binary_search(id).is_err());
    let asked: Vec<String> = ids.iter().cloned().chain(asked).collect();
    let found = answers(git, taken, "%(objecttype) %(objectsize)", &asked)?;
    let all = found.as_ref().map(|found| sum(found.iter().take(ids.len())));
    let kinds = asked.into_iter().zip(found.unwrap_or_default()).filter_map(|(id, said)| {
        let (kind, size) = said.split_once(' ')?;
        size.parse::<u64>().is_ok().then(|| (id, kind.to_owned()))
    });
    Ok(Looked { kinds: kinds.collect(), excess: excess(git, run, taken, (&ids, all))? })
}

/// `all` is what they are together.
fn excess(
    git: &Git,
    run: &RunGit,
    taken: &Path,
    (ids, all): (&[String], Option<u64>),
) -> Result<Option<String>, GitError> {
    if all.is_some_and(|all| all <= MOST) {
        return Ok(None);
    }
    let new = new(git, run, ids)?;
    let size = match new.len() == ids.len() {
        true => all,
        false => answers(git, taken, "%(objecttype) %(objectsize)", &new)?.map(|found| sum(found.iter())),
    };
    Ok(match size {
        Some(size) if size <= MOST => None,
        Some(size) => {
            Some(reason(&format!("are {} MB when they are unpacked, more than {} MB", size >> 20, MOST >> 20)))
        }
        None => Some(reason("take too long to be counted")),
    })
}

fn reason(what: &str) -> String {
    format!("the agent's objects {what}, and nothing that it committed was taken over")
}

/// All objects that git can find there. `None` where that is too much to read.
fn ids(objects: &Path, length: usize) -> io::Result<Option<Vec<String>>> {
    let mut ids = BTreeSet::new();
    for folder in fs::read_dir(objects)? {
        let folder = folder?;
        let start = folder.file_name().to_string_lossy().into_owned();
        if start.len() == 2 {
            for file in fs::read_dir(folder.path())? {
                ids.insert(format!("{start}{}", file?.file_name().to_string_lossy()));
            }
        }
    }
    let packs = objects.join("pack");
    for file in if packs.exists() { Some(fs::read_dir(&packs)?) } else { None }.into_iter().flatten() {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "idx") {
            let mut text = Vec::new();
            File::open(&path)?.take(LARGEST_INDEX + 1).read_to_end(&mut text)?;
            if text.len() as u64 > LARGEST_INDEX {
                return Ok(None);
            }
            ids.extend(in_index(&text, length / 2));
        }
    }
    Ok(Some(ids.into_iter().collect()))
}

/// The ids that the index of a pack names. Git reads none that ends before its last one.
fn in_index(text: &[u8], length: usize) -> Vec<String> {
    // 256 counts, of which the last is that of all; the newer kind has eight bytes before it, the older one offsets among the ids.
    let (counts, before) = if text.starts_with(b"\xfftOc") { (8, 0) } else { (0, 4) };
    let count = text.get(counts + 1020..counts + 1024).and_then(|bytes| bytes.try_into().ok());
    let count = count.map_or(0, u32::from_be_bytes) as usize;
    let entries = text.get(counts + 1024..).unwrap_or_default().chunks_exact(before + length).take(count);
    entries.map(|entry| objects::letters(&entry[before..])).collect()
}

/// What they are together. "… missing" stands for what cannot be unpacked.
fn sum<'a>(found: impl Iterator<Item = &'a String>) -> u64 {
    let sizes = found.filter_map(|said| said.split_once(' ')?.1.parse::<u64>().ok());
    sizes.fold(0, u64::saturating_add)
}

/// Those that the host does not have.
fn new(git: &Git, run: &RunGit, ids: &[String]) -> Result<Vec<String>, GitError> {
    let Some(kinds) = answers(git, &run.kept(), "%(objecttype)", ids)? else { return Ok(ids.to_vec()) };
    Ok(ids.iter().zip(kinds).filter(|(_, kind)| kind.ends_with(" missing")).map(|(id, _)| id.clone()).collect())
}

/// One line for each id; `None` where git cannot say it in time. Git may end at one that was made to end it: the others are asked again.
fn answers(git: &Git, git_dir: &Path, format: &str, ids: &[String]) -> Result<Option<Vec<String>>, GitError> {
    let mut lines: Vec<String> = Vec::new();
    for _ in 0..MOST_BROKEN {
        let rest = ids.get(lines.len()..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Some(lines));
        }
        let cmd = limited(git.in_dir(git_dir).args(["cat-file", &format!("--batch-check={format}")]));
        let answer = match git.capture_within(&cmd, joined_lines(rest).as_bytes(), TIME_LIMIT) {
            Err(GitError::Process(ProcessError::Slow { .. } | ProcessError::Stream { .. })) => return Ok(None),
            other => other?,
        };
        lines.extend(answer.text().lines().map(str::to_owned));
        lines.extend((!answer.success()).then(|| "broken missing".to_owned()));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_index_are_read_and_none_that_lies_of_its_length() {
        let counts = |count: u8| [vec![0; 1023], vec![count]].concat();
        let newer = [b"\xfftOc\0\0\0\x02".to_vec(), counts(2), vec![0x11; 20], vec![0x22; 20], vec![9; 50]].concat();
        let older = [counts(1), vec![0, 0, 0, 7], vec![0x33; 20], vec![9; 40]].concat();
        assert_eq!(in_index(&newer, 20), ["11".repeat(20), "22".repeat(20)]);
        assert_eq!(in_index(&older, 20), ["33".repeat(20)]);
        assert_eq!(in_index(&newer[..1040], 20), Vec::<String>::new());
        assert_eq!(in_index(b"", 20), Vec::<String>::new());
    }
}
