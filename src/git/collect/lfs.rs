//! Takes over what the agent stored with Git LFS: by name, and only what has the name's sha256.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FileType, Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::git::host::changes::ChangedPath;
use crate::git::host::config::Config;
use crate::git::host::git::os;
use crate::git::host::objects::{self, Ask};
use crate::git::host::{Git, GitError, lfs};
use crate::git::private::RunGit;
use crate::sanitize;
use crate::untrusted::nofollow;

/// More objects are not taken over, nor more bytes together.
const MOST_OBJECTS: usize = 20_000;
const MOST_BYTES: u64 = if cfg!(test) { 1 << 20 } else { 4 << 30 };
/// A pointer is a few lines. Bytes.
const POINTER: u64 = 1024;
/// How long git may take to read all of these.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// So many files are named.
const MOST_NAMED: usize = 3;

/// The repository's own store.
fn store(git: &Git, run: &RunGit) -> Result<PathBuf, GitError> {
    let common = &run.checkout.common_dir;
    Ok(lfs::store(common, &Config::read(git, git.in_dir(common), common)?))
}

/// Copies the objects that the host lacks into its store. An error of the inner kind says why not all of them are there.
pub fn take(git: &Git, run: &RunGit) -> Result<io::Result<()>, GitError> {
    Ok(match agents_store(run) {
        Ok(Some(from)) => take_all(&from, &store(git, run)?),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    })
}

fn take_all(from: &OwnedFd, to: &Path) -> io::Result<()> {
    let mut taker = Taker { to, count: 0, left: MOST_BYTES, bad: None };
    for first in names(from, 2)? {
        let folder = nofollow::folder_in(from, os(first.as_bytes()))?;
        for second in names(&folder, 2)? {
            let folder = nofollow::folder_in(&folder, os(second.as_bytes()))?;
            for name in names(&folder, 64)?.iter().filter(|name| name.starts_with(&format!("{first}{second}"))) {
                taker.take(&folder, name)?;
            }
        }
    }
    // One that is no object is no reason to leave the others.
    taker.bad.map_or(Ok(()), Err)
}

/// The agent's store, where it has one.
fn agents_store(run: &RunGit) -> io::Result<Option<OwnedFd>> {
    let private = nofollow::open_folder(&run.private())?;
    let found = nofollow::folder_in(&private, OsStr::new("lfs"))
        .and_then(|lfs| nofollow::folder_in(&lfs, OsStr::new("objects")));
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// The names of so many hex digits.
fn names(folder: &OwnedFd, digits: usize) -> io::Result<Vec<String>> {
    let names = nofollow::names(folder, MOST_OBJECTS)?.into_iter().filter_map(|name| name.into_string().ok());
    Ok(names.filter(|name| name.len() == digits && is_hex(name)).collect())
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

struct Taker<'a> {
    to: &'a Path,
    count: usize,
    /// Bytes.
    left: u64,
    /// The first object that could not be taken.
    bad: Option<io::Error>,
}

impl Taker<'_> {
    fn take(&mut self, folder: &OwnedFd, name: &str) -> io::Result<()> {
        self.count += 1;
        if self.count > MOST_OBJECTS {
            return Err(io::Error::other(format!("there are more than {MOST_OBJECTS}")));
        }
        let target = self.to.join(path_of(name));
        if target.exists() {
            return Ok(());
        }
        match one(folder, name, target.parent().unwrap_or(self.to), self.left) {
            Ok(size) => self.left -= size,
            Err(error) if error.kind() == io::ErrorKind::Other => drop(self.bad.get_or_insert(error)),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Where an object is in a store.
fn path_of(name: &str) -> PathBuf {
    [name.get(..2), name.get(2..4), Some(name)].into_iter().flatten().collect()
}

/// One object, whose size is returned.
fn one(folder: &OwnedFd, name: &str, target: &Path, left: u64) -> io::Result<u64> {
    let bad = |why: &str| io::Error::other(format!("{name} {why}"));
    if nofollow::kind_of(folder, OsStr::new(name))? != FileType::RegularFile {
        return Err(bad("is no regular file"));
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut source = File::from(rustix::fs::openat(folder, name, flags, Mode::empty())?).take(left + 1);
    fs::create_dir_all(target)?;
    let mut copy = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o644)).tempfile_in(target)?;
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = source.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        copy.write_all(bytes)?;
        size += read as u64;
    }
    if size > left {
        return Err(io::Error::other(format!("they have more than {} MB", MOST_BYTES >> 20)));
    }
    let sum: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if sum != name {
        return Err(bad("is not what its name says"));
    }
    copy.as_file().sync_all()?;
    copy.persist(target.join(name)).map_err(|error| error.error)?;
    Ok(size)
}

/// Why the merge waits for files whose pointer alone is there: their content would be missing on the target.
pub fn without_content(
    git: &Git,
    run: &RunGit,
    (changed, sizes): (&[ChangedPath], &[u64]),
) -> Result<Option<String>, GitError> {
    let small = changed.iter().zip(sizes).filter(|(changed, size)| changed.mode != 0 && (1..=POINTER).contains(*size));
    let small: Vec<&ChangedPath> = small.map(|(changed, _)| changed).collect();
    if small.is_empty() {
        return Ok(None);
    }
    let ids: Vec<String> = small.iter().map(|changed| changed.id.clone()).collect();
    let place = (run.checkout.common_dir.as_path(), "look for pointers of Git LFS");
    let answer = objects::ask(git, place, &ids, Ask::Content, TIME_LIMIT)?;
    let mut rest = answer.as_slice();
    let mut pointers = Vec::new();
    for changed in small {
        let Some((text, after)) = entry(rest) else { break };
        rest = after;
        pointers.extend(object_of(text).map(|name| (changed, path_of(name))));
    }
    if pointers.is_empty() {
        return Ok(None);
    }
    let store = store(git, run)?;
    let missing = pointers.iter().filter(|(_, object)| !store.join(object).exists());
    let mut missing: Vec<String> = missing.map(|(changed, _)| sanitize::path(&changed.path)).collect();
    let more = missing.len().saturating_sub(MOST_NAMED);
    missing.truncate(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Ok((!missing.is_empty())
        .then(|| format!("the content of {}{more} is in no store of Git LFS here", missing.join(", "))))
}

/// The first object of `ID TYPE SIZE LF CONTENT LF …`, and what follows it.
fn entry(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|&byte| byte == b'\n')?;
    let (head, rest) = (text.get(..end)?, text.get(end + 1..)?);
    let size: usize = std::str::from_utf8(head).ok()?.rsplit(' ').next()?.parse().ok()?;
    Some((rest.get(..size)?, rest.get(size + 1..)?))
}

/// The object that a pointer names.
fn object_of(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    if !text.starts_with("version https://git-lfs.github.com/spec/v1\n") {
        return None;
    }
    let name = text.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    (name.len() == 64 && is_hex(name)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_names_its_object() {
        let name = "a".repeat(64);
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize 3\n");
        assert_eq!(object_of(pointer.as_bytes()), Some(name.as_str()));
        assert_eq!(path_of(&name), Path::new("aa/aa").join(&name));
        for text in [&b"oid sha256:x"[..], b"\xff", b"version https://git-lfs.github.com/spec/v1\noid sha256:../../x\n"]
        {
            assert_eq!(object_of(text), None);
        }
    }

    #[test]
    fn objects_that_git_prints_are_told_apart() {
        let (first, rest) = entry(b"12 blob 3\na\nb\n34 blob 0\n\n").unwrap();
        assert_eq!((first, entry(rest)), (&b"a\nb"[..], Some((&b""[..], &b""[..]))));
        assert_eq!(entry(b"12 missing\n"), None);
    }
}
