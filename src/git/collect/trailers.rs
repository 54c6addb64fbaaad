//! The trailers by which an agent's commits name tasks: `Task: bn-7f3k`.

use std::time::Duration;

use crate::git::host::git::refused;
use crate::git::host::{Git, GitError};
use crate::git::private::RunGit;

/// The key, as git compares it: in any case.
const FORMAT: &str = "--format=%H%x00%s%x00%(trailers:key=Task,valueonly,separator=%x2C)%x00";
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Of how many commits the messages are read: the latest.
const MOST_COMMITS: &str = "1000";
/// How many names of tasks are read of each commit, and of all of them.
const MOST_NAMES: usize = 20;
const MOST_NAMES_OF_ALL: usize = 500;
/// No task is called by more, in bytes.
const LONGEST_NAME: usize = 128;
/// As many letters of a commit's title are kept.
const LONGEST_TITLE: usize = 200;

/// A commit that names tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    pub commit: String,
    pub title: String,
    pub tasks: Vec<String>,
}

/// The commits of a run up to `head` that name tasks, oldest first.
pub fn read(git: &Git, run: &RunGit, head: &str) -> Result<Vec<Tagged>, GitError> {
    let range = format!("{}..{head}", run.base());
    let cmd = git.in_dir(&run.kept()).args(["log", "--reverse", FORMAT, "--max-count", MOST_COMMITS, &range, "--"]);
    let answer = git.capture_within(&cmd, &[], TIME_LIMIT)?;
    if answer.success() { Ok(parse(&answer.text())) } else { Err(refused("read the messages of the commits", &answer)) }
}

/// What `FORMAT` prints: three fields for each commit, and a line break.
fn parse(text: &str) -> Vec<Tagged> {
    let fields: Vec<&str> = text.split('\0').collect();
    let mut left = MOST_NAMES_OF_ALL;
    let commits = fields.chunks_exact(3).filter_map(|fields| {
        let [commit, title, names] = fields else { return None };
        let tasks: Vec<String> = names_in(names).take(left).collect();
        left -= tasks.len();
        let title = title.chars().take(LONGEST_TITLE).collect();
        (!tasks.is_empty()).then(|| Tagged { commit: commit.trim().to_owned(), title, tasks })
    });
    commits.collect()
}

/// One name or several, with commas or spaces between them.
fn names_in(value: &str) -> impl Iterator<Item = String> {
    let names = value.split([',', ';', ' ', '\t', '\n', '\r']).filter(|name| !name.is_empty());
    names.filter(|name| name.len() <= LONGEST_NAME).take(MOST_NAMES).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_trailer_names_is_read_and_bounded() {
        let commit = "a".repeat(40);
        let long = "x".repeat(500);
        let text = format!(
            "{commit}\0Title\0bn-1, bn-2;#12\tJIRA-7\0\n{commit}\0None\0\0\n{commit}\0{long}\0{long}\0\n{commit}\0{long}\0{}\0\n",
            "y ".repeat(5000)
        );
        let found = parse(&text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].tasks, ["bn-1", "bn-2", "#12", "JIRA-7"]);
        assert_eq!((found[0].commit.as_str(), found[0].title.as_str()), (commit.as_str(), "Title"));
        assert_eq!(
            (found[1].tasks.len(), found[1].title.len(), found[1].commit.as_str()),
            (MOST_NAMES, LONGEST_TITLE, commit.as_str())
        );
        let many = format!("{commit}\0t\0{}\0\n", "y ".repeat(20)).repeat(100);
        assert_eq!(parse(&many).iter().map(|found| found.tasks.len()).sum::<usize>(), MOST_NAMES_OF_ALL);
        assert!(parse("").is_empty() && parse("\0\0").is_empty());
    }
}
