//! `bn container log`: the commits that an agent made, so far or at its end.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::container::LogArgs;
use crate::commands::container::looking::{Looking, look};
use crate::commands::pager;
use crate::commands::{Context, Exit};
use crate::error::Failure;
use crate::git::collect::comparison;
use crate::git::host::refs::short;
use crate::output::paint::{Painted, Style};

/// Between two fields of a commit, and between two commits.
const FORMAT: &str = "--format=%H%x00%an%x00%ae%x00%at%x00%B%x00";

#[derive(Serialize)]
struct Log {
    name: String,
    target: String,
    /// Newest first.
    commits: Vec<Commit>,
    /// How many files lie uncommitted; `None` where the worktree is no longer as the run left it.
    uncommitted: Option<usize>,
}

#[derive(Serialize)]
struct Commit {
    id: String,
    author: String,
    email: String,
    at: Option<DateTime<Utc>>,
    subject: String,
    body: String,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.painted().for_terminal(false))
    }
}

pub fn run(args: &LogArgs, context: &Context) -> Result<Exit, Failure> {
    let looking = look(args.name.as_deref(), context)?;
    let log = read(&looking)?;
    if context.output.is_json() {
        context.output.print(&log)?;
    } else if log.commits.is_empty() && log.uncommitted.unwrap_or(0) == 0 {
        context.output.note(format_args!("{} has made no commit that {} does not have", log.name, log.target));
    } else {
        pager::show(&log.painted(), context)?;
    }
    Ok(Exit::DONE)
}

fn read(looking: &Looking) -> Result<Log, Failure> {
    let (look, git) = (&looking.look, &looking.git);
    let cmd = look.command(git).args([
        "log",
        "--no-decorate",
        "--no-show-signature",
        "--no-notes",
        "--no-mailmap",
        "-z",
        FORMAT,
    ]);
    let text = look.read(git, "read the commits", &cmd.args(look.range()).arg("--"))?;
    let [_, lying] = looking.spans();
    let uncommitted = lying.map(|(from, to)| comparison::files(git, look, from, to)).transpose()?;
    Ok(Log {
        name: looking.name().to_owned(),
        target: looking.seen.record.spec.target.branch.clone(),
        commits: parse(&text),
        uncommitted: uncommitted.map(|files| files.len()),
    })
}

/// No field of a commit can have a zero byte in it: git ends each text there.
fn parse(text: &[u8]) -> Vec<Commit> {
    let text = String::from_utf8_lossy(text);
    let fields: Vec<&str> = text.split('\0').collect();
    // The sixth is empty: between two zero bytes, that of the format and git's own.
    fields.chunks(6).filter_map(commit).collect()
}

fn commit(fields: &[&str]) -> Option<Commit> {
    let [id, author, email, at, message, ..] = fields else { return None };
    let (subject, body) = message.trim().split_once('\n').unwrap_or((message.trim(), ""));
    Some(Commit {
        id: (*id).to_owned(),
        author: (*author).to_owned(),
        email: (*email).to_owned(),
        at: at.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        subject: subject.to_owned(),
        body: body.trim().to_owned(),
    })
}

impl Log {
    fn painted(&self) -> Painted {
        let mut whole = Painted::default();
        if let Some(count @ 1..) = self.uncommitted {
            let files = if count == 1 { "1 file is".to_owned() } else { format!("{count} files are") };
            whole.add(Style::Bold, format!("{files} not committed"));
            whole.add(Style::Plain, format!(": bn container diff {}\n\n", self.name));
        }
        for (number, commit) in self.commits.iter().enumerate() {
            let gap = if number == 0 { "" } else { "\n" };
            let at = commit.at.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
            whole.add(Style::Yellow, format!("{gap}{}", short(&commit.id)));
            whole.add(Style::Bold, format!(" {}\n", commit.subject));
            whole.add(Style::Dim, format!("  {} <{}>, {at}\n", commit.author, commit.email));
            for line in commit.body.lines() {
                whole.add(Style::Plain, format!("    {line}\n"));
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_taken_apart() {
        let text = b"aa\0Ann\0a@b\x0060\0One\n\nMore\nlines\n\0\0bb\0B\n\0b\0x\0Two\n\0\0";
        let found = parse(text);
        let seen: Vec<_> =
            found.iter().map(|commit| (commit.id.as_str(), commit.subject.as_str(), commit.body.as_str())).collect();
        assert_eq!(seen, [("aa", "One", "More\nlines"), ("bb", "Two", "")]);
        assert_eq!((found[0].at.unwrap().timestamp(), found[1].at), (60, None));
        assert!(parse(b"").is_empty());
    }
}
