//! What stands in the way of a merge: files that both sides have changed, and where in them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::git::host::git::{os, refused};
use crate::git::host::{Git, GitError};
use crate::git::merge::scratch::Scratch;
use crate::sanitize;

/// So many files are named.
pub const MOST_FILES: usize = 20;
/// So many places of one file.
const MOST_PLACES: usize = 5;
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// A file that cannot be merged by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Printable.
    pub path: String,
    pub kind: Kind,
    /// First and last line of each place, as the target has the file now.
    pub lines: Vec<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Both sides changed the same lines.
    BothChanged,
    /// Both sides have a new file of that name.
    BothAdded,
    /// The work deletes what the target has changed.
    DeletedByWork,
    /// The work changes what the target has deleted.
    DeletedOnTarget,
    /// A folder on one side, a file on the other; or renamed in two ways.
    Moved,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place =
            |(first, last): &(u64, u64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
        let places: Vec<String> = self.lines.iter().map(place).collect();
        match (self.kind, places.as_slice()) {
            (Kind::BothChanged, []) => write!(f, "{}", self.path),
            (Kind::BothChanged, [one]) if !one.contains('-') => write!(f, "{} (line {one})", self.path),
            (Kind::BothChanged, places) => write!(f, "{} (lines {})", self.path, places.join(", ")),
            (Kind::BothAdded, _) => write!(f, "{} (new on both sides)", self.path),
            (Kind::DeletedByWork, _) => write!(f, "{} (deleted by the work, changed on the target)", self.path),
            (Kind::DeletedOnTarget, _) => write!(f, "{} (changed by the work, deleted on the target)", self.path),
            (Kind::Moved, _) => write!(f, "{} (moved or replaced on one side)", self.path),
        }
    }
}

/// A file of the three sides of a merge: before, target, work.
type Sides = [Option<String>; 3];

/// Reads the part of `git merge-tree -z` that lists what is in conflict: `MODE ID STAGE TAB PATH NUL`.
pub fn parse(listing: &[u8]) -> BTreeMap<Vec<u8>, Sides> {
    let mut files: BTreeMap<Vec<u8>, Sides> = BTreeMap::new();
    for entry in listing.split(|&byte| byte == 0).take_while(|entry| !entry.is_empty()) {
        let Some(tab) = entry.iter().position(|&byte| byte == b'\t') else { continue };
        let facts = String::from_utf8_lossy(&entry[..tab]);
        let words: Vec<&str> = facts.split(' ').collect();
        let [_, id, stage] = words.as_slice() else { continue };
        let sides = files.entry(entry[tab + 1..].to_vec()).or_default();
        if let Some(side) = stage.parse::<usize>().ok().and_then(|stage| sides.get_mut(stage.wrapping_sub(1))) {
            *side = Some((*id).to_owned());
        }
    }
    files
}

/// What a person is told of these files.
pub fn describe(git: &Git, scratch: &Scratch, files: &BTreeMap<Vec<u8>, Sides>) -> Result<Vec<Conflict>, GitError> {
    let described = files.iter().take(MOST_FILES).map(|(path, sides)| {
        let (kind, lines) = match sides {
            [Some(base), Some(ours), Some(theirs)] => (Kind::BothChanged, places(git, scratch, base, ours, theirs)?),
            [None, Some(_), Some(_)] => (Kind::BothAdded, Vec::new()),
            [Some(_), Some(_), None] => (Kind::DeletedByWork, Vec::new()),
            [Some(_), None, Some(_)] => (Kind::DeletedOnTarget, Vec::new()),
            _ => (Kind::Moved, Vec::new()),
        };
        Ok(Conflict { path: sanitize::path(os(path).as_ref()), kind, lines })
    });
    described.collect()
}

/// Where both sides have changed what was there before, in lines of the target's file.
fn places(git: &Git, scratch: &Scratch, base: &str, ours: &str, theirs: &str) -> Result<Vec<(u64, u64)>, GitError> {
    let (ours, theirs) = (hunks(git, scratch, base, ours)?, hunks(git, scratch, base, theirs)?);
    let met = ours.iter().filter(|hunk| theirs.iter().any(|other| hunk.touches(other)));
    Ok(met.take(MOST_PLACES).map(Hunk::place).collect())
}

fn hunks(git: &Git, scratch: &Scratch, from: &str, to: &str) -> Result<Vec<Hunk>, GitError> {
    let cmd = scratch.command(git).args(["diff", "--no-ext-diff", "--no-textconv", "--no-color", "-U0", from, to]);
    let answer = git.capture_within(&cmd, &[], TIME_LIMIT)?;
    match answer.success() {
        true => Ok(String::from_utf8_lossy(&answer.stdout).lines().filter_map(Hunk::parse).collect()),
        false => Err(refused("compare two files", &answer)),
    }
}

/// Lines of a file, and what stands in their place. A count of 0 is the gap behind the line.
#[derive(Debug, PartialEq, Eq)]
struct Hunk {
    old: (u64, u64),
    new: (u64, u64),
}

impl Hunk {
    /// `@@ -3,2 +4 @@`
    fn parse(line: &str) -> Option<Self> {
        let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
        let (new, _) = rest.split_once(" @@")?;
        let range = |text: &str| -> Option<(u64, u64)> {
            let (start, count) = text.split_once(',').unwrap_or((text, "1"));
            Some((start.parse().ok()?, count.parse().ok()?))
        };
        Some(Self { old: range(old)?, new: range(new)? })
    }

    /// Git takes changes for one conflict that overlap, or that lie side by side.
    fn touches(&self, other: &Self) -> bool {
        // Both ends as gaps between lines: what changes the lines 3 and 4 lies between the gaps 2 and 4.
        let gaps =
            |(start, count): (u64, u64)| if count == 0 { (start, start) } else { (start - 1, start - 1 + count) };
        let ((from, to), (other_from, other_to)) = (gaps(self.old), gaps(other.old));
        from <= other_to && other_from <= to
    }

    fn place(&self) -> (u64, u64) {
        let (start, count) = self.new;
        (start, start + count.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_that_touch_are_a_conflict() {
        let hunk = |line: &str| Hunk::parse(line).unwrap();
        let (three, four) = (hunk("@@ -3 +4,2 @@ x"), hunk("@@ -4 +9 @@"));
        assert_eq!((three.old, three.new, three.place()), ((3, 1), (4, 2), (4, 5)));
        assert!(three.touches(&three) && three.touches(&four) && four.touches(&three));
        assert!(!three.touches(&hunk("@@ -5,2 +5 @@")) && !three.touches(&hunk("@@ -1 +1 @@")));
        assert!(hunk("@@ -0,0 +1 @@").touches(&hunk("@@ -0,0 +1,2 @@")));
        assert_eq!(hunk("@@ -3,2 +2,0 @@").place(), (2, 2));
        assert!(Hunk::parse("+@@ -1 +1 @@").is_none() && Hunk::parse("@@ -1").is_none());
    }

    #[test]
    fn what_cannot_be_merged_is_said_in_words() {
        let conflict =
            |kind, lines: &[(u64, u64)]| Conflict { path: "a".to_owned(), kind, lines: lines.to_vec() }.to_string();
        assert_eq!(conflict(Kind::BothChanged, &[(3, 3)]), "a (line 3)");
        assert_eq!(conflict(Kind::BothChanged, &[(3, 3), (7, 9)]), "a (lines 3, 7-9)");
        assert_eq!(conflict(Kind::BothChanged, &[(7, 9)]), "a (lines 7-9)");
        assert_eq!(conflict(Kind::BothChanged, &[]), "a");
        assert_eq!(conflict(Kind::DeletedByWork, &[]), "a (deleted by the work, changed on the target)");
    }

    #[test]
    fn the_sides_of_a_file_are_read() {
        let listing = b"100644 aa 1\tx\n\x1b\x00100644 bb 3\tx\n\x1b\x00100644 cc 2\ty\x00\x001\x00x\x00";
        let found = parse(listing);
        assert_eq!(found[&b"x\n\x1b"[..]], [Some("aa".to_owned()), None, Some("bb".to_owned())]);
        assert_eq!(found[&b"y"[..]], [None, Some("cc".to_owned()), None]);
        assert_eq!(found.len(), 2);
    }
}
