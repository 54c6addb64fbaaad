//! The programs that the user's hooks start, as far as a look at their text tells: the image may lack them.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::git::private::hooks::{MOST_HOOKS, is_hook};

/// More of a hook than this is not read.
const MOST_TEXT: u64 = 64 << 10;
/// More programs than this are not handed on.
const MOST: usize = 40;
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "ksh", "zsh"];

/// `HOOK=PROGRAM`, for every hook in a folder. Whether the program is there is for the image to say.
pub fn of_folder(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_HOOKS).filter(is_hook);
    let mut found: Vec<String> = entries
        .filter_map(|entry| {
            Some((entry.file_name().into_string().ok().filter(|name| is_plain(name))?, text(&entry.path())?))
        })
        .flat_map(|(hook, text)| {
            programs(&text).into_iter().map(move |program| format!("{hook}={program}")).collect::<Vec<_>>()
        })
        .collect();
    found.sort();
    found.dedup();
    found.truncate(MOST);
    found
}

/// `None`: not text, or not to be read.
fn text(path: &Path) -> Option<String> {
    // What was a file a moment ago may be a pipe.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let mut text = String::new();
    file.take(MOST_TEXT).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The interpreter, and what a shell script starts at its top level or execs. Only what is plain to see: a line that is
/// not understood names nothing. A shell's own words are among them: they are always there.
fn programs(text: &str) -> Vec<&str> {
    let mut lines = text.lines();
    let Some(interpreter) = lines.next().and_then(|line| line.strip_prefix("#!")).and_then(interpreter) else {
        return Vec::new();
    };
    let mut found = vec![interpreter];
    if SHELLS.contains(&base(interpreter)) {
        let functions: Vec<&str> = text.lines().filter_map(function).collect();
        let whole = lines.take_while(|line| !line.contains("<<") && has_both_ends(line));
        found.extend(whole.filter_map(program).filter(|word| !functions.contains(word)));
    }
    found.retain(|word| is_plain(word));
    found
}

fn interpreter(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let first = words.next()?;
    match base(first) {
        "env" => words.find(|word| !word.starts_with('-')),
        _ => Some(first),
    }
}

fn program(line: &str) -> Option<&str> {
    let inner = line.trim_start();
    let rest = match inner.strip_prefix("exec ") {
        Some(rest) => rest.trim_start(),
        None if inner.len() == line.len() => line,
        None => return None,
    };
    rest.split(|c: char| c.is_whitespace() || c == ';').next()
}

/// The name that a line defines, as `name() {` and `function name {` do.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let named = line.strip_prefix("function ").and_then(|rest| rest.split_whitespace().next());
    named.map(|name| name.trim_end_matches("()")).or_else(|| Some(line.split_once("()")?.0.trim_end()))
}

/// No quotation begins here and ends on another line, and the line goes on nowhere else.
fn has_both_ends(line: &str) -> bool {
    !line.ends_with('\\')
        && ['"', '\''].iter().all(|quote| line.matches(*quote).count() % 2 == 0 || line.starts_with('#'))
}

fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// A name, or an absolute path.
fn is_plain(word: &str) -> bool {
    let name = word.strip_prefix('/').unwrap_or(word);
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._+-/".contains(c))
        && (word.starts_with('/') || !word.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::programs;

    #[test]
    fn what_is_plain_to_see_is_named_and_nothing_else() {
        assert_eq!(programs("#!/bin/sh\nexec lefthook run pre-commit \"$@\"\n"), ["/bin/sh", "lefthook"]);
        assert_eq!(programs("#!/usr/bin/env -S python3 -u\nimport os\n"), ["python3"]);
        assert_eq!(
            programs("#!/bin/sh\n# it's fine\nnpx lint-staged\n. ./x\n\"$X\" y\nscripts/a.sh\n"),
            ["/bin/sh", "npx"]
        );
        let pre_commit = "#!/usr/bin/env bash\nPYTHON=/usr/bin/python3\nif [ -x \"$PYTHON\" ]; then\n    exec \"$PYTHON\" -m x\nelse\n    exec pre-commit run\nfi\n";
        assert_eq!(programs(pre_commit), ["bash", "if", "else", "pre-commit", "fi"]);
        assert_eq!(programs("#!/bin/sh\ncheck() {\n  tool\n}\ncheck; cat <<END\nwords\nEND\n"), ["/bin/sh"]);
        assert_eq!(programs("#!/bin/sh\necho 'several\nlines'\n"), ["/bin/sh"]);
        for other in ["", "\x7fELF", "echo without a first line\n", "#!\n"] {
            assert!(programs(other).is_empty(), "{other}");
        }
    }
}
