//! Reading where an agent has written: no symbolic link is followed, nothing but regular files is opened for long, and
//! no more is read than was asked for.

use std::ffi::{CString, OsStr};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Neither follows a link, nor waits for the other end of a FIFO.
const SAFELY: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A folder that is one, by a path whose parents are ours.
pub fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    rustix::fs::openat(CWD, path, SAFELY | OFlags::DIRECTORY, Mode::empty()).map_err(reason)
}

/// A folder in a folder, by one name.
pub fn folder_in(folder: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    rustix::fs::openat(folder, name, SAFELY | OFlags::DIRECTORY, Mode::empty()).map_err(reason)
}

/// What a path leads to on which there is no link at all.
pub fn look_at(path: &Path) -> io::Result<Metadata> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS).map_err(reason)?;
    File::from(file).metadata()
}

/// What the system's words for it hide.
fn reason(error: Errno) -> io::Error {
    match error {
        Errno::LOOP => io::Error::other("it is a symbolic link"),
        Errno::NOTDIR => io::Error::other("it is not a folder, but a file or a link"),
        other => other.into(),
    }
}

/// The whole of a regular file of at most `limit` bytes.
pub fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    whole(File::from(rustix::fs::openat(CWD, path, SAFELY, Mode::empty()).map_err(reason)?), limit)
}

/// The same, by one name in a folder.
pub fn file_in(folder: &OwnedFd, name: &OsStr, limit: u64) -> io::Result<Vec<u8>> {
    whole(File::from(rustix::fs::openat(folder, name, SAFELY, Mode::empty()).map_err(reason)?), limit)
}

fn whole(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if found.len() > limit {
        return Err(io::Error::other(format!("it has {} bytes, more than {limit}", found.len())));
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The names in a folder; an error where there are more than `most`.
pub fn names(folder: &OwnedFd, most: usize) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if entry.file_name() != c"." && entry.file_name() != c".." {
            names.push(entry.file_name().to_owned());
        }
        if names.len() > most {
            return Err(io::Error::other(format!("a folder has more than {most} entries")));
        }
    }
    names.sort();
    Ok(names)
}

/// What a name in a folder is, a link being a link.
pub fn kind_of(folder: &OwnedFd, name: &OsStr) -> io::Result<FileType> {
    let found = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(found.st_mode))
}
