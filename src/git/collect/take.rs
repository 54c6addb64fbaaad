//! Takes an agent's objects into a repository of bn's own, from which git takes them over and checks each.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use crate::git::host::GitError;
use crate::git::host::config::ConfigText;
use crate::git::host::git::os;
use crate::git::private::RunGit;
use crate::git::private::bare::{self, Skeleton};
use crate::untrusted::nofollow;

/// Loose objects and packs together.
const MOST_OBJECTS: usize = 2_000_000;

/// Makes the repository `taken` anew: the agent's objects by their names alone, nothing else of the agent's.
pub fn objects(run: &RunGit, taken: &Path) -> Result<(), GitError> {
    skeleton(run, taken)?;
    let hostile = |error| GitError::Hostile { path: run.private(), reason: format!("objects: {error}") };
    link_all(run, taken).map_err(hostile)
}

/// The same without any object of the agent's.
pub fn skeleton(run: &RunGit, taken: &Path) -> Result<(), GitError> {
    let checkout = &run.checkout;
    crate::untrusted::remove::folder(taken)?;
    let alternates = bare::object_folders(&run.kept())?;
    let shallow = bare::optional(&checkout.common_dir.join("shallow"))?;
    let skeleton = Skeleton {
        folders: bare::WHOLE,
        object_format: &checkout.object_format,
        head: "ref: refs/heads/none",
        alternates: &alternates,
        shallow: shallow.as_deref(),
    };
    bare::create(taken, &skeleton, config())
}

/// What is read there was made by an agent: git is to spend little on it.
fn config() -> ConfigText {
    let mut text = ConfigText::bare();
    for (key, value) in [
        ("pack.threads", "1"),
        ("pack.window", "0"),
        ("core.bigFileThreshold", "16m"),
        ("core.commitGraph", "false"),
        ("core.multiPackIndex", "false"),
        ("gc.auto", "0"),
    ] {
        text.set(key, value);
    }
    text
}

fn link_all(run: &RunGit, taken: &Path) -> io::Result<()> {
    let digits = crate::git::collect::ids::id_length(&run.checkout.object_format) - 2;
    let private = nofollow::open_folder(&run.private())?;
    let from = nofollow::folder_in(&private, OsStr::new("objects"))?;
    let to = taken.join("objects");
    let mut left = MOST_OBJECTS;
    for name in nofollow::names(&from, 1000)? {
        let bytes = name.to_bytes();
        if !(bytes == b"pack" || bytes.len() == 2 && is_hex(bytes)) {
            continue;
        }
        let below = nofollow::folder_in(&from, os(bytes))?;
        let target = to.join(os(bytes));
        fs::create_dir_all(&target)?;
        let target = nofollow::open_folder(&target)?;
        let wanted = |name: &[u8]| if bytes == b"pack" { is_pack(name) } else { name.len() == digits && is_hex(name) };
        for name in nofollow::names(&below, left)? {
            if wanted(name.to_bytes()) {
                left = left.saturating_sub(1);
                take_one(&below, &target, os(name.to_bytes()))?;
            }
        }
    }
    Ok(())
}

fn is_hex(name: &[u8]) -> bool {
    name.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// pack-<hex>.pack or .idx: no bitmaps, no reverse indexes, no .keep or .promisor.
fn is_pack(name: &[u8]) -> bool {
    let stem = name.strip_suffix(b".pack").or_else(|| name.strip_suffix(b".idx"));
    stem.and_then(|stem| stem.strip_prefix(b"pack-")).is_some_and(|hex| !hex.is_empty() && is_hex(hex))
}

/// Links a regular file, or copies it where the file system has no links. Anything that is not a regular file is an error.
fn take_one(from: &OwnedFd, to: &OwnedFd, name: &OsStr) -> io::Result<()> {
    if nofollow::kind_of(from, name)? != FileType::RegularFile {
        return Err(io::Error::other(format!("{} is not a regular file", name.to_string_lossy())));
    }
    if rustix::fs::linkat(from, name, to, name, AtFlags::empty()).is_err() {
        copy_one(from, to, name)?;
    }
    match nofollow::kind_of(to, name)? {
        FileType::RegularFile => Ok(()),
        _ => Err(io::Error::other(format!("{} changed while it was taken over", name.to_string_lossy()))),
    }
}

fn copy_one(from: &OwnedFd, to: &OwnedFd, name: &OsStr) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut source = File::from(rustix::fs::openat(from, name, flags, Mode::empty())?);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut target = File::from(rustix::fs::openat(to, name, flags, Mode::from_raw_mode(0o444))?);
    io::copy(&mut source, &mut target).map(drop)
}
