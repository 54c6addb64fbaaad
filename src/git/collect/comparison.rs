//! Two states of an agent's files compared, for people and for programs.

use std::path::PathBuf;

use serde::Serialize;

use crate::git::collect::look::Look;
use crate::git::host::git::os;
use crate::git::host::{Git, GitError};
use crate::path_json;
use crate::process::Cmd;

const WHAT: &str = "compare the agent's files";

/// A file that two states have differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    #[serde(with = "path_json")]
    pub path: PathBuf,
    /// Lines; `None` of a file that is no text.
    pub added: Option<u64>,
    pub deleted: Option<u64>,
}

/// The files that differ between two commits or trees, in the order of their names.
pub fn files(git: &Git, look: &Look, from: &str, to: &str) -> Result<Vec<Changed>, GitError> {
    if from == to {
        return Ok(Vec::new());
    }
    let cmd = diff(git, look).args(["--numstat", "-z", "--no-renames", from, to, "--"]);
    let answer = look.read(git, WHAT, &cmd)?;
    Ok(answer.split(|&byte| byte == 0).filter_map(parse).collect())
}

/// How many these are. What is in them is not read.
pub fn count(git: &Git, look: &Look, from: &str, to: &str) -> Result<u64, GitError> {
    if from == to {
        return Ok(0);
    }
    let cmd = diff(git, look).args(["--name-only", "-z", "--no-renames", from, to, "--"]);
    let answer = look.read(git, WHAT, &cmd)?;
    Ok(answer.iter().filter(|byte| **byte == 0).count() as u64)
}

/// The differences as a patch, byte for byte.
pub fn patch(git: &Git, look: &Look, from: &str, to: &str) -> Result<Vec<u8>, GitError> {
    look.read(git, WHAT, &diff(git, look).args(["--patch", from, to, "--"]))
}

/// The summary of them that git gives to people, so many columns wide.
pub fn summary(git: &Git, look: &Look, (from, to): (&str, &str), width: usize) -> Result<Vec<u8>, GitError> {
    look.read(git, WHAT, &diff(git, look).args([&format!("--stat={width}"), from, to, "--"]))
}

fn diff(git: &Git, look: &Look) -> Cmd {
    look.command(git).args(["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short"])
}

/// `ADDED TAB DELETED TAB PATH`, with `-` for what is no text.
fn parse(entry: &[u8]) -> Option<Changed> {
    let mut fields = entry.splitn(3, |&byte| byte == b'\t');
    let (added, deleted, path) = (fields.next()?, fields.next()?, fields.next()?);
    let number = |field: &[u8]| String::from_utf8_lossy(field).parse().ok();
    Some(Changed { path: PathBuf::from(os(path)), added: number(added), deleted: number(deleted) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_may_have_any_letters() {
        let read = |entry: &[u8]| parse(entry).map(|found| (found.path, found.added, found.deleted));
        assert_eq!(read(b"1\t2\ta\tb\nc"), Some((PathBuf::from("a\tb\nc"), Some(1), Some(2))));
        assert_eq!(read(b"-\t-\tp.png"), Some((PathBuf::from("p.png"), None, None)));
        assert_eq!(read(b""), None);
    }
}
