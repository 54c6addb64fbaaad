//! Which files differ between two commits.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::git::host::git::{os, refused};
use crate::git::host::objects::{self, Ask};
use crate::git::host::{Git, GitError, file_count};
use crate::path_json;

/// How long a comparison may take.
const TIME_LIMIT: Duration = Duration::from_secs(if cfg!(test) { 3 } else { 60 });

/// No more files than this are looked at one by one. It is a bound for what is made by the million from a few objects.
const FILES_MAX: u64 = 1_000_000;

/// Why the second commit cannot even be compared with the first.
pub fn excess(git: &Git, git_dir: &Path, from: &str, to: &str) -> Result<Option<String>, GitError> {
    let files = file_count::added(git, git_dir, from, to)?;
    Ok((files > FILES_MAX).then(|| GitError::TooManyFiles { files, limit: FILES_MAX }.to_string()))
}

/// A path that two commits have differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedPath {
    #[serde(with = "path_json")]
    pub path: PathBuf,
    pub status: Status,
    /// In the newer commit; 0 where it has no such path.
    pub mode: u32,
    /// The object in the newer commit.
    pub id: String,
}

impl ChangedPath {
    /// A link to a commit of another repository.
    pub fn is_submodule(&self) -> bool {
        self.mode == 0o160_000
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Added,
    Modified,
    Deleted,
    /// A file became a link, a submodule or the like.
    TypeChanged,
}

/// The differences from one commit to another, renames as a deletion and an addition.
pub fn between(git: &Git, git_dir: &Path, from: &str, to: &str) -> Result<Vec<ChangedPath>, GitError> {
    if from == to {
        return Ok(Vec::new());
    }
    let files = file_count::added(git, git_dir, from, to)?;
    if files > FILES_MAX {
        return Err(GitError::TooManyFiles { files, limit: FILES_MAX });
    }
    let cmd = git.in_dir(git_dir).args(["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"]);
    let cmd = cmd.args(["--no-ext-diff", "--no-textconv", "--ignore-submodules=none", from, to]);
    let answer = git.capture_within(&cmd, &[], TIME_LIMIT)?;
    if answer.success() { Ok(parse(&answer.stdout)) } else { Err(refused("compare two commits", &answer)) }
}

/// The size of each file in the newer commit, in bytes; 0 for what is none.
pub fn sizes(git: &Git, git_dir: &Path, changed: &[ChangedPath]) -> Result<Vec<u64>, GitError> {
    let ids: Vec<String> = changed.iter().map(|changed| changed.id.clone()).collect();
    let answer = objects::ask(git, (git_dir, "look at the changed files"), &ids, Ask::Facts, TIME_LIMIT)?;
    // Deleted files and links to other repositories are missing.
    Ok(String::from_utf8_lossy(&answer).lines().map(objects::size).collect())
}

/// `:OLDMODE NEWMODE OLDID NEWID STATUS NUL PATH NUL …`
fn parse(raw: &[u8]) -> Vec<ChangedPath> {
    let mut fields = raw.split(|&byte| byte == 0);
    let mut changed = Vec::new();
    while let (Some(facts), Some(path)) = (fields.next(), fields.next()) {
        let facts = String::from_utf8_lossy(facts);
        let words: Vec<&str> = facts.split(' ').collect();
        let [_, mode, _, id, status] = words.as_slice() else { continue };
        changed.push(ChangedPath {
            path: PathBuf::from(os(path)),
            status: match *status {
                "A" => Status::Added,
                "D" => Status::Deleted,
                "T" => Status::TypeChanged,
                _ => Status::Modified,
            },
            mode: u32::from_str_radix(mode, 8).unwrap_or(0),
            id: (*id).to_owned(),
        });
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_differences_are_read() {
        let raw = b":000000 160000 000 abc A\0sub\0:100644 000000 def 000 D\0a\nb\0";
        let changed = parse(raw);
        assert!(changed[0].is_submodule() && changed[0].status == Status::Added);
        assert_eq!((changed[1].path.as_path(), changed[1].mode), (Path::new("a\nb"), 0));
    }
}
