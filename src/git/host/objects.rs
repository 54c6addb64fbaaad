//! What objects are and what is in them, asked of one git that stays open for a repository: a landing asks some ten times.

use std::path::Path;
use std::time::Duration;

use crate::git::host::git::{joined_lines, refused};
use crate::git::host::{Git, GitError};
use crate::process::ProcessError;

/// What is asked of each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// `ID KIND SIZE LF`, or `NAME missing LF`.
    Facts,
    /// The same, and then the content and a LF.
    Content,
}

/// An id as git prints it, of its bytes. There may be a hundred thousand of them.
pub fn letters(id: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let mut letters = String::with_capacity(2 * id.len());
    id.iter().for_each(|byte| letters.extend([digit(byte >> 4), digit(byte & 0xf)]));
    letters
}

/// The answers for all of these names, in their order. `what` completes "git cannot …".
pub fn ask(
    git: &Git,
    (git_dir, what): (&Path, &str),
    names: &[String],
    ask: Ask,
    limit: Duration,
) -> Result<Vec<u8>, GitError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    match in_conversation(git, git_dir, names, ask, limit) {
        Err(GitError::Process(slow @ ProcessError::Slow { .. })) => Err(slow.into()),
        Ok(Some(answer)) => Ok(answer),
        // An older git, or one that came to its end there, which is asked for the reason.
        Ok(None) | Err(_) => {
            let how = if ask == Ask::Facts { "--batch-check" } else { "--batch" };
            let cmd = git.in_dir(git_dir).args(["cat-file", how]);
            let answer = git.capture_within(&cmd, joined_lines(names).as_bytes(), limit)?;
            if answer.success() { Ok(answer.stdout) } else { Err(refused(what, &answer)) }
        }
    }
}

/// `None` where there is no conversation.
fn in_conversation(
    git: &Git,
    git_dir: &Path,
    names: &[String],
    ask: Ask,
    limit: Duration,
) -> Result<Option<Vec<u8>>, GitError> {
    let mut open = git.open().lock();
    if !open.contains_key(git_dir) {
        let begun = git.converse(&git.in_dir(git_dir).args(["cat-file", "--batch-command", "--buffer"]))?;
        open.insert(git_dir.to_owned(), begun);
    }
    let Some(Some(conversation)) = open.get_mut(git_dir) else { return Ok(None) };
    let word = if ask == Ask::Facts { "info" } else { "contents" };
    let question: String = names.iter().flat_map(|name| [word, " ", name, "\n"]).chain(["flush\n"]).collect();
    let mut reader = Reader { ask, left: names.len(), at: 0 };
    let answer = conversation.ask(question.as_bytes(), limit, |answer| reader.has_all(answer));
    if answer.is_err() {
        open.insert(git_dir.to_owned(), None);
    }
    Ok(Some(answer?))
}

/// How far answers have come.
struct Reader {
    ask: Ask,
    left: usize,
    /// Where the next one begins.
    at: usize,
}

impl Reader {
    fn has_all(&mut self, answer: &[u8]) -> bool {
        while self.left > 0 {
            let rest = answer.get(self.at..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest) else { return false };
            let size = content(rest.get(..end).unwrap_or_default()).filter(|_| self.ask == Ask::Content);
            let next = self.at + end + 1 + size.map_or(0, |size| size.saturating_add(1));
            if next > answer.len() {
                return false;
            }
            (self.at, self.left) = (next, self.left - 1);
        }
        true
    }
}

/// The size of the content that such a line announces.
fn content(line: &[u8]) -> Option<usize> {
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let [_, _, size] = words.as_slice() else { return None };
    std::str::from_utf8(size).ok()?.parse().ok()
}

/// The size that a line of `Ask::Facts` says; 0 of what is missing.
pub fn size(line: &str) -> u64 {
    line.split(' ').nth(2).and_then(|size| size.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Bench;

    #[test]
    fn one_git_says_what_git_says_and_is_asked_again_and_again() {
        let bench = Bench::linked();
        bench.sh("cd repo; printf 'a\\n\\nb' > lines; : > empty; head -c 300000 /dev/zero > large; git add .; git commit -qm two");
        let git_dir = bench.path("repo/.git");
        let names = bench.sh("cd repo; for object in HEAD HEAD^{tree} HEAD:lines HEAD:empty HEAD:large; do git rev-parse $object; done; git rev-parse HEAD~1; echo 0123456789012345678901234567890123456789");
        let names: Vec<String> =
            names.lines().map(|id| format!("{id}^{{}}")).chain(names.lines().map(str::to_owned)).collect();
        let limit = Duration::from_secs(60);
        for (how, batch) in [(Ask::Facts, "--batch-check"), (Ask::Content, "--batch"), (Ask::Facts, "--batch-check")] {
            let alone = bench.git.in_dir(&git_dir).args(["cat-file", batch]);
            let alone = bench.git.capture_within(&alone, joined_lines(&names).as_bytes(), limit).unwrap().stdout;
            assert_eq!(in_conversation(&bench.git, &git_dir, &names, how, limit).unwrap(), Some(alone.clone()));
            assert_eq!(ask(&bench.git, (&git_dir, "look"), &names, how, limit).unwrap(), alone);
        }
        // What comes later is found, packed or not.
        for pack in ["true", "git repack -qad"] {
            bench.sh(&format!("cd repo; date +%N > new; git add new; git commit -qm new; {pack}"));
            let id = [bench.sh("git -C repo rev-parse HEAD:new")];
            let said = ask(&bench.git, (&git_dir, "look"), &id, Ask::Facts, limit).unwrap();
            assert!(String::from_utf8(said).unwrap().starts_with(&format!("{} blob ", id[0])));
        }
        assert_eq!(size("0123 blob 12") + size("0123 missing"), 12);
    }

    #[test]
    fn where_the_one_has_ended_another_is_asked() {
        let bench = Bench::linked();
        let git_dir = bench.path("repo/.git");
        let id = [bench.sh("git -C repo rev-parse HEAD")];
        let facts = || ask(&bench.git, (&git_dir, "look"), &id, Ask::Facts, Duration::from_secs(60)).unwrap();
        let before = facts();
        bench.git.open().lock().insert(git_dir.clone(), bench.git.converse(&crate::process::Cmd::new("true")).unwrap());
        assert_eq!((facts(), facts()), (before.clone(), before));
    }
}
