//! The message of a commit that stands for several.

use std::fmt::Write;

use crate::git::host::{Git, GitError};
use crate::git::merge::scratch::Scratch;
use crate::sanitize;

/// So many commits are listed.
const MOST_LISTED: usize = 100;
/// As many letters of a title are kept.
const LONGEST_TITLE: usize = 200;

/// The message of one commit as it is.
pub fn of(git: &Git, scratch: &Scratch, commit: &str) -> Result<String, GitError> {
    let cmd = scratch.command(git).args(["log", "-1", "--encoding=UTF-8", "--format=%B", commit, "--"]);
    let mut text = scratch.read(git, "read a message", &cmd, &[])?;
    text.push('\n');
    Ok(text)
}

/// One for all of these, oldest first: the one that is given, or one made of their titles. The tasks that they name are named
/// in it, too.
pub fn squashed(git: &Git, scratch: &Scratch, commits: &[String], given: Option<&str>) -> Result<String, GitError> {
    if let ([only], None) = (commits, given) {
        return of(git, scratch, only);
    }
    let cmd = scratch.command(git).args(["log", "--no-walk=unsorted", "--encoding=UTF-8", "--stdin"]);
    let cmd = cmd.arg("--format=%s%x00%(trailers:key=Task,unfold)%x00");
    let input: String = commits.iter().flat_map(|commit| [commit.as_str(), "\n"]).collect();
    let text = match commits {
        [] => String::new(),
        _ => scratch.read(git, "read the messages", &cmd, input.as_bytes())?,
    };
    let fields: Vec<&str> = text.split('\0').collect();
    let (titles, trailers): (Vec<&str>, Vec<&str>) =
        fields.chunks_exact(2).map(|pair| (pair[0].trim_start_matches('\n'), pair[1])).unzip();
    Ok(composed(&titles, &trailers, given))
}

fn composed(titles: &[&str], trailers: &[&str], given: Option<&str>) -> String {
    let titles: Vec<String> = titles.iter().map(|title| title_of(title)).collect();
    let mut text = match given {
        Some(given) => format!("{}\n", given.trim_end()),
        None => listed(&titles),
    };
    let mut tasks: Vec<String> = Vec::new();
    for line in trailers.iter().flat_map(|block| block.lines()).map(title_of).filter(|line| !line.is_empty()) {
        if !tasks.contains(&line) && !text.lines().any(|there| there == line) {
            tasks.push(line);
        }
    }
    if !tasks.is_empty() {
        // Two blocks of trailers would be none.
        let gap = if ends_in_trailer(&text) { "" } else { "\n" };
        let _ = writeln!(text, "{gap}{}", tasks.join("\n"));
    }
    text
}

fn ends_in_trailer(text: &str) -> bool {
    let mut block = text.trim_end().rsplit("\n\n");
    let last = block.next().unwrap_or_default();
    let is_trailer = |line: &str| line.split_once(": ").is_some_and(|(key, _)| !key.is_empty() && !key.contains(' '));
    block.next().is_some() && last.lines().all(is_trailer)
}

/// The first one is the title, and all are listed below it.
fn listed(titles: &[String]) -> String {
    let Some(first) = titles.first() else { return "Merge the work of an agent\n".to_owned() };
    let mut text = format!("{first}\n\n");
    titles.iter().take(MOST_LISTED).for_each(|title| text.push_str(&format!("* {title}\n")));
    if titles.len() > MOST_LISTED {
        text.push_str(&format!("* and {} more\n", titles.len() - MOST_LISTED));
    }
    text
}

fn title_of(line: &str) -> String {
    sanitize::name(line.trim().as_bytes()).chars().take(LONGEST_TITLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_for_several_lists_their_titles_and_keeps_their_tasks() {
        let trailers = ["Task: bn-1\n", "", "Task: bn-1\nTask: bn-2\n"];
        let text = composed(&["Add a", "Mend \u{1b}[31mb", "Test"], &trailers, None);
        assert_eq!(text, "Add a\n\n* Add a\n* Mend \\u{1b}[31mb\n* Test\n\nTask: bn-1\nTask: bn-2\n");
        assert_eq!(composed(&["a", "b"], &trailers, Some("Mine\n\n")), "Mine\n\nTask: bn-1\nTask: bn-2\n");
        assert_eq!(
            composed(&["a", "b"], &trailers, Some("Mine\n\nSigned-off-by: A <a@b>\nTask: bn-1")),
            "Mine\n\nSigned-off-by: A <a@b>\nTask: bn-1\nTask: bn-2\n"
        );
        assert_eq!(composed(&["a", "b"], &["", ""], Some("fix: it")), "fix: it\n");
        assert_eq!(composed(&["a", "b"], &["Task: x", ""], Some("fix: it")), "fix: it\n\nTask: x\n");
    }
}
