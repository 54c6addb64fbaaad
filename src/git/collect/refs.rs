//! Reads the refs of the agent's repository. Git itself would obey the configuration there; this reads text.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::FileType;

use crate::git::collect::ids::{DEEPEST, Ids, MOST_FILES};
use crate::git::collect::reflogs;
use crate::git::host::git::os;
use crate::git::host::refs::{Packed, RefMap};
use crate::git::private::RunGit;
use crate::sanitize;
use crate::untrusted::nofollow;

const LOOSE_LIMIT: u64 = 4 << 10;
const PACKED_LIMIT: u64 = 64 << 20;

/// What HEAD says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// Full name of a branch, which need not exist.
    Branch(Vec<u8>),
    Commit(String),
}

/// All that names a commit in the agent's repository.
#[derive(Debug)]
pub struct PrivateRefs {
    pub head: Head,
    /// All of them, or those that are not among `rest`.
    pub refs: RefMap,
    /// What was handed over, where that is packed as it was.
    rest: Option<Packed>,
    /// What stands in `rest` and does not count.
    hidden: BTreeSet<Vec<u8>>,
    /// Latest first.
    pub stash: Vec<String>,
    /// What inner worktrees have checked out without a branch, by their names.
    pub worktrees: Vec<(Vec<u8>, String)>,
    /// Where HEAD and the branches have been.
    pub logged: BTreeSet<String>,
    /// The branch that was asked for is there, but holds no commit id.
    pub broken: Option<String>,
    /// What was left out, and why.
    pub skipped: Vec<String>,
}

impl PrivateRefs {
    pub fn find(&self, name: &[u8]) -> Option<String> {
        let in_rest = || self.rest.as_ref().filter(|_| !self.hidden.contains(name))?.get(name);
        self.refs.get(name).cloned().or_else(in_rest)
    }

    pub fn is_empty(&self) -> bool {
        self.refs.is_empty() && self.rest.as_ref().is_none_or(|rest| rest.has_only(&self.hidden))
    }
}

/// Reads those of a run; an error means that its repository is broken, or made to look like one.
pub fn of(run: &RunGit) -> io::Result<PrivateRefs> {
    let start = run.packed_start_refs().map_err(io::Error::other)?;
    read(&run.private(), &run.checkout.object_format, run.checkout.branch_ref().as_deref(), start)
}

/// Reads them, `branch` before all others.
fn read(private: &Path, object_format: &str, branch: Option<&str>, start: Packed) -> io::Result<PrivateRefs> {
    let folder = nofollow::open_folder(private)?;
    if nofollow::folder_in(&folder, OsStr::new("reftable")).is_ok() {
        return Err(io::Error::other("it was converted to reftable, which is not read"));
    }
    let ids = Ids::of(object_format);
    let mut reader = Reader { ids, refs: RefMap::new(), hidden: BTreeSet::new(), skipped: Vec::new(), files: 0 };
    let head = named("HEAD", reader.head(&folder))?;
    let packed = named("packed-refs", reader.packed(&folder, start));
    let refs_folder = named("refs", nofollow::folder_in(&folder, OsStr::new("refs")))?;
    let own = branch.map(|branch| (branch, reader.one(&folder, branch)));
    if let Err(error) = reader.loose(&refs_folder, b"refs", 0) {
        reader.skip(b"the rest of refs", error);
    }
    let mut broken = None;
    match own {
        Some((name, Ok(Some(id)))) => drop(reader.refs.insert(name.as_bytes().to_vec(), id)),
        Some((_, Err(error))) => broken = Some(error.to_string()),
        Some((_, Ok(None))) => broken = packed.as_ref().err().map(ToString::to_string),
        None => {}
    }
    let rest = packed.unwrap_or_else(|error| {
        reader.skip(b"what was packed", error);
        None
    });
    let logs = reflogs::read(&folder, reader.ids);
    reader.skipped.extend(logs.skipped);
    let (stash, worktrees, logged) = (logs.stash, logs.worktrees, logs.ids);
    let Reader { refs, hidden, skipped, .. } = reader;
    Ok(PrivateRefs { head, refs, rest, hidden, stash, worktrees, logged, broken, skipped })
}

/// Hex digits of an id.
fn named<T>(what: &str, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| io::Error::new(error.kind(), format!("{what}: {error}")))
}

struct Reader {
    ids: Ids,
    refs: RefMap,
    hidden: BTreeSet<Vec<u8>>,
    skipped: Vec<String>,
    files: usize,
}

impl Reader {
    fn id(&self, text: &[u8]) -> Option<String> {
        self.ids.parse(text)
    }

    fn head(&self, folder: &OwnedFd) -> io::Result<Head> {
        let text = nofollow::file_in(folder, OsStr::new("HEAD"), LOOSE_LIMIT)?;
        let line = text.strip_suffix(b"\n").unwrap_or(&text);
        match line.strip_prefix(b"ref: ") {
            Some(name) if legal(name) => Ok(Head::Branch(name.to_vec())),
            _ => self
                .id(line)
                .map(Head::Commit)
                .ok_or_else(|| io::Error::other("it names neither a branch nor a commit")),
        }
    }

    /// Returns what was handed over where that is all.
    fn packed(&mut self, folder: &OwnedFd, start: Packed) -> io::Result<Option<Packed>> {
        let text = match nofollow::file_in(folder, OsStr::new("packed-refs"), PACKED_LIMIT) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        if text == start.0 {
            return Ok(Some(start));
        }
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#")) {
            if line.starts_with(b"^") {
                continue;
            }
            let (id, name) = line.split_at(self.ids.length.min(line.len()));
            let name = name.strip_prefix(b" ").unwrap_or_default();
            match self.id(id).filter(|_| legal(name)) {
                Some(id) => drop(self.refs.insert(name.to_vec(), id)),
                None => return Err(io::Error::other("a line is neither a ref nor a comment")),
            }
        }
        Ok(None)
    }

    /// One loose ref by its name; `None` where there is no such file.
    fn one(&self, folder: &OwnedFd, name: &str) -> io::Result<Option<String>> {
        let read = || {
            let (parents, file) = name.rsplit_once('/').unwrap_or(("", name));
            let parent = parents.split('/').try_fold(None::<OwnedFd>, |parent, part| {
                nofollow::folder_in(parent.as_ref().unwrap_or(folder), OsStr::new(part)).map(Some)
            })?;
            nofollow::file_in(parent.as_ref().unwrap_or(folder), OsStr::new(file), LOOSE_LIMIT)
        };
        match read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
            Ok(text) if text.starts_with(b"ref: ") => Err(io::Error::other("it was made a symbolic ref")),
            Ok(text) => match self.id(text.strip_suffix(b"\n").unwrap_or(&text)) {
                Some(id) => Ok(Some(id)),
                None => Err(io::Error::other("it holds no commit id")),
            },
        }
    }

    fn loose(&mut self, folder: &OwnedFd, path: &[u8], depth: usize) -> io::Result<()> {
        for name in nofollow::names(folder, MOST_FILES)? {
            self.files += 1;
            if self.files > MOST_FILES {
                return Err(io::Error::other(format!("there are more than {MOST_FILES} files")));
            }
            let full = [path, b"/", name.to_bytes()].concat();
            let name = os(name.to_bytes());
            match nofollow::kind_of(folder, name)? {
                FileType::Directory if depth < DEEPEST => {
                    self.loose(&nofollow::folder_in(folder, name)?, &full, depth + 1)?;
                }
                FileType::RegularFile if full.ends_with(b".lock") => {}
                FileType::RegularFile if legal(&full) => {
                    self.loose_file(nofollow::file_in(folder, name, LOOSE_LIMIT), full);
                }
                _ => self.skip(&full, "it is no ref file"),
            }
        }
        Ok(())
    }

    fn loose_file(&mut self, text: io::Result<Vec<u8>>, name: Vec<u8>) {
        let text = match text {
            Ok(text) => text,
            Err(error) => return self.unreadable(name, &error),
        };
        match self.id(text.strip_suffix(b"\n").unwrap_or(&text)) {
            Some(id) => drop(self.refs.insert(name, id)),
            // A symbolic ref adds no commit of its own.
            None if text.starts_with(b"ref: ") => self.hide(name),
            None => self.unreadable(name, &"it holds no commit id"),
        }
    }

    /// A broken loose ref must not let an older packed value through.
    fn unreadable(&mut self, name: Vec<u8>, reason: &dyn std::fmt::Display) {
        self.skip(&name, reason);
        self.hide(name);
    }

    fn hide(&mut self, name: Vec<u8>) {
        self.refs.remove(&name);
        self.hidden.insert(name);
    }

    fn skip(&mut self, name: &[u8], reason: impl std::fmt::Display) {
        const MOST_NAMED: usize = 20;
        if self.skipped.len() < MOST_NAMED {
            self.skipped.push(format!("{} was not taken over: {reason}", sanitize::name(name)));
        }
    }
}

/// Whether a full ref name is one by the rules of git check-ref-format.
fn legal(name: &[u8]) -> bool {
    let part_is_legal =
        |part: &[u8]| !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock") && !part.ends_with(b".");
    let forbidden = |byte: &u8| *byte < 0x20 || *byte == 0x7f || b" ~^:?*[\\".contains(byte);
    let pairs = |pair: &[u8]| pair == b".." || pair == b"@{";
    name.starts_with(b"refs/")
        && name.len() <= 1024
        && !name.iter().any(forbidden)
        && !name.windows(2).any(pairs)
        && name.split(|&byte| byte == b'/').all(part_is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::collect::plan::plan;
    use crate::git::testing::Bench;

    /// What is to be taken over after this, and again with what was packed looking new.
    fn plans(before: &str, script: &str) -> [String; 2] {
        let bench = Bench::linked();
        bench.sh(before);
        bench.sh("git -C repo branch other && git -C repo tag v1");
        let run = bench.prepare("agent").git;
        bench.agent(&run, script);
        let plan = || format!("{:?}", plan(&run, of(&run).unwrap()).unwrap());
        let (is_kept, as_it_is) = (of(&run).unwrap().rest.is_some(), plan());
        bench.agent(&run, "echo '# anew' >> $GIT_DIR/packed-refs");
        assert!(of(&run).unwrap().rest.is_none());
        assert!(is_kept || script.contains("pack-refs"), "{script}");
        [as_it_is, plan()]
    }

    #[test]
    fn what_is_packed_as_it_was_counts_as_if_it_had_been_packed_anew() {
        let scripts = [
            "true",
            "git commit -q --allow-empty -m one",
            "git commit -q --allow-empty -m one; git checkout -q other; git branch new",
            "git checkout -q --detach; git commit -q --allow-empty -m one",
            "git symbolic-ref HEAD refs/heads/other",
            "git symbolic-ref HEAD refs/heads/none",
            "git symbolic-ref refs/heads/agent refs/heads/other",
            "git symbolic-ref refs/heads/other refs/heads/none; git symbolic-ref HEAD refs/heads/other",
            "mkdir -p $GIT_DIR/refs/heads; echo junk > $GIT_DIR/refs/heads/other; git symbolic-ref HEAD refs/heads/other",
            "mkdir -p $GIT_DIR/refs/heads; echo junk > $GIT_DIR/refs/heads/agent",
            "git worktree add -q --detach $GIT_DIR/inner; git -C $GIT_DIR/inner log -1 >/dev/null",
            "git branch -q -D other; git pack-refs --all",
        ];
        for script in scripts {
            let [as_it_is, anew] = plans("true", script);
            assert_eq!(as_it_is, anew, "{script}");
        }
        let hides_all = "git symbolic-ref HEAD refs/heads/none; git for-each-ref --format='%(refname)' | while read name; do git symbolic-ref $name refs/heads/none; done";
        let [as_it_is, anew] = plans("git -C agent checkout -q --detach", hides_all);
        assert!(as_it_is.contains("neither branches nor commits"), "{as_it_is}");
        assert_eq!(as_it_is, anew);
    }

    #[test]
    fn ref_names_follow_gits_rules() {
        for name in ["refs/heads/a", "refs/heads/a/b.c", "refs/heads/größe#1", "refs/heads/-x", "refs/stash"] {
            assert!(legal(name.as_bytes()), "{name}");
        }
        for name in [
            "HEAD",
            "refs/heads/a..b",
            "refs/heads/.a",
            "refs/heads/a.lock",
            "refs/heads/a.lock/b",
            "refs//a",
            "refs/heads/a b",
            "refs/heads/a\nb",
            "refs/../x",
            "refs/heads/a@{0",
            "refs/heads/a/",
            "refs/heads/x\\y",
        ] {
            assert!(!legal(name.as_bytes()), "{name}");
        }
    }
}
