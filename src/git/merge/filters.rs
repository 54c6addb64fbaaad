//! Attributes that newly give files to a filter of the user's own configuration: the checkout would run it on what an agent wrote.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::git::host::changes::{ChangedPath, Status};
use crate::git::host::config::Config;
use crate::git::host::git::refused;
use crate::git::host::{Git, GitError};
use crate::git::merge::incoming;
use crate::git::private::RunGit;

/// Attributes that run nothing, whatever stands behind them.
const WITHOUT_FILTER: &[&str] = &[
    "text",
    "eol",
    "crlf",
    "diff",
    "merge",
    "whitespace",
    "ident",
    "delta",
    "encoding",
    "working-tree-encoding",
    "export-ignore",
    "export-subst",
    "conflict-marker-size",
    "binary",
];

/// A file of attributes, and the filter that it asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    pub file: PathBuf,
    pub filter: String,
}

/// Returns the changes that give files to a filter of the user's, which runs at a checkout.
pub fn asked(git: &Git, run: &RunGit, head: &str, changed: &[ChangedPath]) -> Result<Vec<Asked>, GitError> {
    let common = &run.checkout.common_dir;
    let config = &Config::read(git, git.in_dir(common), common)?;
    let configured: BTreeSet<&str> = config
        .subsections("filter")
        .into_iter()
        .filter(|name| {
            ["smudge", "process"]
                .iter()
                .any(|program| config.get(&format!("filter.{name}.{program}")).is_some_and(|value| !value.is_empty()))
        })
        .collect();
    let mut asked = Vec::new();
    if configured.is_empty() {
        return Ok(asked);
    }
    let from = incoming::base(git, run, head)?;
    for change in changed.iter().filter(|change| is_attributes(&change.path)) {
        let old = format!("{from}:{}", change.path.to_string_lossy());
        let before = text(git, common, &old)?;
        let after = if change.status == Status::Deleted { String::new() } else { text(git, common, &change.id)? };
        let lines = |text: &str| text.lines().map(str::trim).map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (lines(&before), lines(&after));
        // A line that goes can have been what kept a file from a filter; the last line counts, so that their order matters, too.
        if before == after {
            continue;
        }
        let all = before
            .iter()
            .chain(&after)
            .filter(|line| before.contains(line) != after.contains(line) || is_moved(line, &before, &after));
        if let Some(filter) = all.filter_map(|line| filter_of(line, &configured)).next() {
            asked.push(Asked { file: change.path.clone(), filter });
        }
    }
    Ok(asked)
}

fn is_attributes(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(".gitattributes"))
}

fn is_moved(line: &str, before: &[String], after: &[String]) -> bool {
    let places = |lines: &[String]| {
        lines.iter().enumerate().filter(|(_, own)| *own == line).map(|(place, _)| place).collect::<Vec<_>>()
    };
    places(before) != places(after)
}

/// The filter that a line gives its files to, or takes them from. A word that nobody knows may be a macro that does.
fn filter_of(line: &str, configured: &BTreeSet<&str>) -> Option<String> {
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    // A pattern in quotes may have spaces: then its rest counts as attributes, which is the safe side.
    line.split_whitespace().skip(1).find_map(|word| {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let name = name.trim_start_matches(['-', '!']);
        match name {
            "filter" if value.is_empty() || configured.contains(value) => {
                Some(configured.iter().find(|own| **own == value).or(configured.first())?.to_string())
            }
            "filter" => None,
            name if WITHOUT_FILTER.contains(&name) || name.starts_with("linguist-") || name.starts_with("gitlab-") => {
                None
            }
            _ => configured.first().map(|first| (*first).to_owned()),
        }
    })
}

fn text(git: &Git, git_dir: &Path, object: &str) -> Result<String, GitError> {
    let cmd = git.in_dir(git_dir).args(["cat-file", "--batch"]);
    let answer = git.capture_within(&cmd, format!("{object}\n").as_bytes(), std::time::Duration::from_secs(60))?;
    if !answer.success() {
        return Err(refused("read the attributes", &answer));
    }
    let (head, rest) = answer.stdout.split_at(answer.stdout.iter().position(|&byte| byte == b'\n').unwrap_or(0));
    let there = String::from_utf8_lossy(head).contains(" blob ");
    Ok(if there { String::from_utf8_lossy(rest.get(1..).unwrap_or_default()).into_owned() } else { String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_a_file_to_a_filter() {
        let configured = BTreeSet::from(["lfs", "secret"]);
        for line in [
            "* filter=secret",
            "a.b text filter=lfs",
            "*.c -filter",
            "x !filter",
            "y unknown-macro",
            "[attr]m filter=lfs",
        ] {
            assert!(filter_of(line, &configured).is_some(), "{line}");
        }
        for line in [
            "",
            "# filter=lfs",
            "*.c diff=cpp eol=lf",
            "*.x filter=nobodys",
            "*.bin binary",
            "*.rs linguist-language=Rust",
        ] {
            assert_eq!(filter_of(line, &configured), None, "{line}");
        }
    }
}
