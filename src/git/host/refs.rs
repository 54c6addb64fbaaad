//! The host's refs, and the one file format in which refs are handed to the agent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use memchr::memmem;

use crate::git::host::{Git, GitError};
use crate::process::Cmd;

pub use crate::git::host::lasting::is_id;

/// Ref names are bytes; ids are lower-case hex.
pub type RefMap = BTreeMap<Vec<u8>, String>;

/// One ref of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRef {
    pub name: Vec<u8>,
    pub id: String,
    /// Where a symbolic ref leads.
    pub symref: Option<Vec<u8>>,
}

/// All refs below the prefixes, sorted by name. No object is read.
pub fn list(git: &Git, common_dir: &Path, prefixes: &[&str]) -> Result<Vec<HostRef>, GitError> {
    let cmd = git.in_dir(common_dir).args(["for-each-ref", "--format=%(objectname) %(refname) %(symref)"]);
    let output = git.read("list the refs", &cmd.args(prefixes))?.stdout;
    Ok(output.split(|&byte| byte == b'\n').filter_map(parse_line).collect())
}

fn parse_line(line: &[u8]) -> Option<HostRef> {
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let id = String::from_utf8(words.next()?.to_vec()).ok().filter(|id| !id.is_empty())?;
    let name = words.next()?.to_vec();
    let symref = words.next().filter(|name| !name.is_empty()).map(<[u8]>::to_vec);
    Some(HostRef { name, id, symref })
}

/// The commit that a ref names; `None` where there is no such ref.
pub fn commit(git: &Git, git_dir: &Path, name: &str) -> Result<Option<String>, GitError> {
    if let Some(id) = written_down(git_dir, name) {
        return Ok(Some(id));
    }
    let cmd = git.in_dir(git_dir).args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
    let captured = git.capture(&cmd.arg(format!("{name}^{{commit}}")))?;
    Ok(captured.success().then(|| captured.text()))
}

/// What a branch is at, where a file of the repository says so; of all else, and of tables of refs, git knows.
pub(super) fn written_down(git_dir: &Path, name: &str) -> Option<String> {
    name.strip_prefix("refs/heads/")?;
    if name.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return None;
    }
    let id = match fs::read(git_dir.join(name)) {
        Ok(loose) => loose.strip_suffix(b"\n")?.to_vec(),
        Err(_) => {
            let packed = fs::read(git_dir.join("packed-refs")).ok()?;
            id_in(&packed, name.as_bytes())?.to_vec()
        }
    };
    String::from_utf8(id).ok().filter(|id| is_id(id.as_bytes()))
}

/// What a file of packed refs has for a name.
fn id_in<'a>(packed: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let end = memmem::find(packed, &[b" ", name, b"\n"].concat())?;
    packed[..end].rsplit(|&byte| byte == b'\n').next()
}

/// How many commits are in the history of `commit`, and in that of none of the others.
pub fn count<'a>(
    git: &Git,
    git_dir: &Path,
    commit: &str,
    others: impl IntoIterator<Item = &'a str>,
) -> Result<u64, GitError> {
    let others: Vec<&str> = others.into_iter().collect();
    if others.contains(&commit) {
        return Ok(0);
    }
    let lines: String = others.into_iter().map(|id| format!("^{id}\n")).collect();
    let cmd = git.in_dir(git_dir).args(["rev-list", "--count", "--ignore-missing", "--stdin"]);
    let counted = git.read_with_input("count the commits", &cmd, format!("{commit}\n{lines}").as_bytes())?;
    Ok(counted.text().parse().unwrap_or(0))
}

/// Sets a ref; with `old`, only from that value.
pub fn update(git: &Git, git_dir: &Path, name: &str, new: &str, old: Option<&str>) -> Result<(), GitError> {
    let cmd =
        git.in_dir(git_dir).env("GIT_REFLOG_ACTION", "binnacle").args(["update-ref", "-m", "binnacle", name, new]);
    git.read(&format!("set {name}"), &cmd.args(old)).map(drop).map_err(|error| with_reason(error, git_dir))
}

/// Of a ref that it could not write git says no reason: where the disk is full, that is it.
fn with_reason(error: GitError, git_dir: &Path) -> GitError {
    /// Bytes: a ref and its log need less.
    const ENOUGH: u64 = 64 * 1024;
    let is_full = rustix::fs::statvfs(git_dir).is_ok_and(|found| found.f_bavail * found.f_frsize < ENOUGH);
    match error {
        GitError::Failed { what, reason } if is_full => {
            GitError::Failed { what, reason: format!("No space left on device ({reason})") }
        }
        other => other,
    }
}

/// Deletes refs, whatever they are at.
pub fn delete(git: &Git, git_dir: &Path, names: &[String]) -> Result<(), GitError> {
    if names.is_empty() {
        return Ok(());
    }
    let lines: String = names.iter().map(|name| format!("delete {name}\n")).collect();
    let cmd = git.in_dir(git_dir).args(["update-ref", "--stdin"]);
    let deleted = git.read_with_input("delete the run's refs", &cmd, lines.as_bytes());
    deleted.map(drop).map_err(|error| with_reason(error, git_dir))
}

/// How many commits are in the history of the one alone, and in that of the other alone.
pub fn apart(git: &Git, git_dir: &Path, one: &str, other: &str) -> Result<(u64, u64), GitError> {
    if one == other {
        return Ok((0, 0));
    }
    let what = "compare two commits";
    let text = git.read(what, &comparison(git, git_dir, one, other))?.text();
    let counts = text.split_once('\t').and_then(|(one, other)| Some((one.parse().ok()?, other.parse().ok()?)));
    // Taken for none, what cannot be read would make one of them part of the other.
    counts.ok_or_else(|| GitError::Failed { what: what.to_owned(), reason: format!("it answered {text:?}") })
}

/// Has git say that while something else is done.
pub fn ask_apart(git: &Git, git_dir: &Path, one: &str, other: &str) {
    if one != other {
        git.ask_ahead(&comparison(git, git_dir, one, other));
    }
}

fn comparison(git: &Git, git_dir: &Path, one: &str, other: &str) -> Cmd {
    git.in_dir(git_dir).args(["rev-list", "--count", "--left-right", &format!("{one}...{other}"), "--"])
}

/// Whether `ancestor` is in the history of `commit`, of which it is a part itself.
pub fn is_ancestor(git: &Git, git_dir: &Path, ancestor: &str, commit: &str) -> Result<bool, GitError> {
    Ok(apart(git, git_dir, ancestor, commit)?.0 == 0)
}

/// The text of a packed-refs file. Without peeled values: git looks those up where it needs them.
/// They come sorted by name.
pub fn packed(refs: impl IntoIterator<Item = (impl AsRef<[u8]>, impl AsRef<str>)>) -> Packed {
    let mut text = b"# pack-refs with: sorted \n".to_vec();
    for (name, id) in refs {
        text.extend_from_slice(id.as_ref().as_bytes());
        text.push(b' ');
        text.extend_from_slice(name.as_ref());
        text.push(b'\n');
    }
    Packed(text)
}

/// A text that `packed` made. Of thousands of refs nearly all may be of no interest.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Packed(pub Vec<u8>);

impl Packed {
    pub fn get(&self, name: &[u8]) -> Option<String> {
        id_in(&self.0, name).map(|id| String::from_utf8_lossy(id).into_owned())
    }

    /// Whether it has no ref but these.
    pub fn has_only(&self, names: &BTreeSet<Vec<u8>>) -> bool {
        self.found().all(|found| names.contains(&found.name))
    }

    /// All of them.
    pub fn refs(&self) -> RefMap {
        self.found().map(|found| (found.name, found.id)).collect()
    }

    fn found(&self) -> impl Iterator<Item = HostRef> {
        self.0.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#")).filter_map(parse_line)
    }
}

/// As much of an id as people read.
pub fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_read_where_git_has_written_it_down() {
        let folder = tempfile::tempdir().unwrap();
        let git = crate::git::testing::git(folder.path());
        let git_dir = folder.path().join(".git");
        let run = |words: &str| {
            let cmd =
                git.in_tree(&git_dir, folder.path()).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
            git.read("make it", &cmd.args(words.split(' '))).unwrap().text()
        };
        git.read("make it", &git.discovering(folder.path()).args(["init", "--quiet", "-b", "main"])).unwrap();
        run("commit --quiet --allow-empty -m one");
        run("branch a/main");
        let id = run("rev-parse HEAD");
        let all = ["refs/heads/main", "refs/heads/a/main"];
        assert!(all.iter().all(|name| written_down(&git_dir, name).as_ref() == Some(&id)));
        run("pack-refs --all");
        assert!(!git_dir.join(all[0]).exists());
        assert!(all.iter().all(|name| written_down(&git_dir, name).as_ref() == Some(&id)));
        run("commit --quiet --allow-empty -m two");
        assert_eq!(written_down(&git_dir, all[0]), Some(run("rev-parse main")), "not what is packed");
        run("symbolic-ref refs/heads/link refs/heads/main");
        let others = ["refs/heads/link", "refs/heads/none", "HEAD", "refs/heads/../../HEAD", "refs/heads/ain"];
        assert!(others.iter().all(|name| written_down(&git_dir, name).is_none()));
        assert_eq!(commit(&git, &git_dir, others[0]).unwrap(), Some(run("rev-parse main")), "git is asked");
    }

    #[test]
    fn packed_refs_are_read_back() {
        let refs: RefMap =
            [(b"refs/heads/\xffx#".to_vec(), "12".to_owned()), (b"refs/tags/v1".to_vec(), "ab".to_owned())]
                .into_iter()
                .collect();
        let text = packed(&refs);
        assert_eq!(text.refs(), refs);
        assert_eq!(text.get(b"refs/tags/v1"), Some("ab".to_owned()));
        assert_eq!(text.get(b"tags/v1"), None);
        let has_none = |text: &Packed| text.has_only(&BTreeSet::new());
        assert!(!has_none(&text) && has_none(&Packed::default()) && has_none(&packed(RefMap::new())));
        assert!(text.has_only(&refs.into_keys().collect()));
    }
}
