//! Answers of git's that never change: those about objects, each named by its whole id.

use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;

use crate::git::host::GitError;
use crate::process::{Captured, Cmd};

/// What has one answer for ever where it names nothing but objects, each by its whole id.
const LASTING: &[&str] = &["cat-file", "diff-tree", "rev-list --count"];

/// A longer answer is not remembered: what a hundred thousand files differ in is shorter. Bytes.
const LONGEST: usize = 16 << 20;

/// A question, with what git was given to read, and the answer.
type Known = (Cmd, Vec<u8>, Captured);

/// What was asked before.
#[derive(Clone, Debug, Default)]
pub(super) struct Lasting(Arc<Mutex<Vec<Known>>>);

impl Lasting {
    /// Asks, unless the answer is known for good.
    pub fn answer(
        &self,
        cmd: &Cmd,
        input: &[u8],
        ask: impl FnOnce() -> Result<Captured, GitError>,
    ) -> Result<Captured, GitError> {
        if !is_one_of(LASTING, cmd.arguments()) || !names_whole_ids(cmd.arguments(), input) {
            return ask();
        }
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, answer)) = known().iter().find(|(asked, about, _)| asked == cmd && about == input) {
            return Ok(answer.clone());
        }
        let answer = ask()?;
        // An object that is missing may come.
        let lasts = answer.success() && memmem::find(&answer.stdout, b" missing").is_none();
        if lasts && answer.stdout.len() + input.len() <= LONGEST {
            known().push((cmd.clone(), input.to_owned(), answer.clone()));
        }
        Ok(answer)
    }
}

/// Whether these are the letters of a whole id.
pub fn is_id(text: &[u8]) -> bool {
    matches!(text.len(), 40 | 64) && text.iter().all(u8::is_ascii_hexdigit)
}

/// Whether all that is asked about are objects, and each by its whole id: in the words behind the command that are no options, and in
/// the lines of the input.
fn names_whole_ids(arguments: &[OsString], input: &[u8]) -> bool {
    let is_one = |word: &str| {
        let word = word.strip_prefix('^').unwrap_or(word);
        is_id(word.split_once('^').map_or(word, |(id, _)| id).as_bytes())
    };
    let is_whole = |word: &[u8]| std::str::from_utf8(word).is_ok_and(|word| word.split("...").all(is_one));
    let command =
        arguments.iter().rposition(|word| LASTING.iter().any(|known| known.split(' ').next() == word.to_str()));
    let words = arguments.iter().skip(command.map_or(0, |place| place + 1)).map(|word| word.as_encoded_bytes());
    let lines = input.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let mut named = words.filter(|word| !word.starts_with(b"-")).chain(lines).peekable();
    named.peek().is_some() && named.all(is_whole)
}

/// Whether git is given one of these commands: a word, or two.
pub(super) fn is_one_of(commands: &[&str], arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        match &*word {
            "-c" => drop(words.next()),
            option if option.starts_with('-') => {}
            command => {
                let two = format!("{command} {}", words.next().unwrap_or_default());
                return commands.iter().any(|known| *known == command || *known == two);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_names_objects_alone_is_asked_once_and_one_that_is_missing_again() {
        let folder = tempfile::tempdir().unwrap();
        let git = crate::git::testing::git(folder.path());
        git.read("make it", &git.discovering(folder.path()).args(["init", "--quiet"])).unwrap();
        let git_dir = folder.path().join(".git");
        let hash = git.in_dir(&git_dir).args(["hash-object", "--stdin"]);
        let id = git.read_with_input("name it", &hash, b"text").unwrap().text();
        let kind = || {
            let cmd = git.in_dir(&git_dir).args(["cat-file", "--batch-check=%(objecttype)"]);
            git.capture_within(&cmd, format!("{id}\n").as_bytes(), Duration::from_secs(60)).unwrap().text()
        };
        let exists = || git.capture(&git.in_dir(&git_dir).args(["cat-file", "-e", &id])).unwrap().success();
        assert_eq!((kind(), exists()), (format!("{id} missing"), false));
        git.read_with_input("write it", &hash.arg("-w"), b"text").unwrap();
        assert_eq!((kind(), exists()), ("blob".to_owned(), true));
        std::fs::remove_dir_all(git_dir.join("objects").join(&id[..2])).unwrap();
        assert_eq!((kind(), exists()), ("blob".to_owned(), true));
    }

    #[test]
    fn a_name_that_can_move_is_no_whole_id() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (line, input) in [
            ("-c a=b diff-tree -r ID ID", ""),
            ("cat-file --batch", "ID\nID^{tree}\n"),
            ("rev-list --count --stdin", "ID\n^ID\n"),
            ("rev-list --count --left-right ID...ID", ""),
        ] {
            assert!(names_whole_ids(&words(&line.replace("ID", id)), input.replace("ID", id).as_bytes()), "{line}");
        }
        for (line, input) in [
            ("diff-tree ID main", ""),
            ("cat-file --batch", "ID\nHEAD^{tree}\n"),
            ("cat-file blob ID:a", ""),
            ("rev-list --count --left-right ID...0123456", ""),
            ("rev-list --count --left-right main...ID", ""),
            ("cat-file --batch", ""),
            ("rev-list --count --stdin", "ID\n^main\n"),
        ] {
            assert!(!names_whole_ids(&words(&line.replace("ID", id)), input.replace("ID", id).as_bytes()), "{line}");
        }
    }
}
