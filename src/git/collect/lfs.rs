//! Takes over what the agent stored with Git LFS: by name, and only what has the name's sha256.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::git::host::git::os;
use crate::git::private::RunGit;
use crate::untrusted::nofollow;

/// More objects are not taken over, nor more bytes together.
const MOST_OBJECTS: usize = 20_000;
const MOST_BYTES: u64 = if cfg!(test) { 1 << 20 } else { 4 << 30 };

/// Copies the objects that the host lacks into its own store. An error says why not all of them are there.
pub fn take(run: &RunGit) -> io::Result<()> {
    let Some(from) = store(run)? else { return Ok(()) };
    let to = run.checkout.common_dir.join("lfs/objects");
    let (mut count, mut left) = (0, MOST_BYTES);
    for first in names(&from, 2)? {
        let folder = nofollow::folder_in(&from, os(first.as_bytes()))?;
        for second in names(&folder, 2)? {
            let folder = nofollow::folder_in(&folder, os(second.as_bytes()))?;
            for name in names(&folder, 64)? {
                count += 1;
                let target = to.join(&first).join(&second);
                if count > MOST_OBJECTS {
                    return Err(io::Error::other(format!("there are more than {MOST_OBJECTS}")));
                }
                if name.starts_with(&format!("{first}{second}")) && !target.join(&name).exists() {
                    left -= one(&folder, &name, &target, left)?;
                }
            }
        }
    }
    Ok(())
}

/// The agent's store, where it has one.
fn store(run: &RunGit) -> io::Result<Option<OwnedFd>> {
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
    let is_hex = |name: &String| name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    Ok(names.filter(|name| name.len() == digits && is_hex(name)).collect())
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
