//! Files that have to be there after the power went.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::thread::{self, JoinHandle};

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

/// Puts a file in place whole or not at all, and returns once the disk has it.
pub fn write_durably(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut beside = tempfile::Builder::new().prefix(".new-").permissions(permissions(mode)).tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// A file in its place, which the disk may not have yet.
#[must_use]
#[derive(Debug)]
pub struct Syncing(JoinHandle<io::Result<()>>);

impl Syncing {
    /// Returns once the disk has it.
    pub fn finish(self) -> io::Result<()> {
        self.0.join().unwrap_or_else(|_| Err(io::Error::other("the thread that syncs it has panicked")))
    }
}

/// Puts a file in place whole or not at all, as far as programs see it. After the power went before the disk had it, it may be empty:
/// for what has another copy.
pub fn write_ahead(path: &Path, bytes: &[u8], mode: u32) -> io::Result<Syncing> {
    let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
    let mut beside = tempfile::Builder::new().prefix(".new-").permissions(permissions(mode)).tempfile_in(&folder)?;
    beside.write_all(bytes)?;
    let file = beside.persist(path).map_err(|error| error.error)?;
    Ok(Syncing(thread::Builder::new().spawn(move || {
        file.sync_all()?;
        sync_folder(&folder)
    })?))
}

/// Gives what a file holds now a second name, which stays when the file is replaced.
pub fn keep_beside(path: &Path, before: &Path) -> io::Result<()> {
    match fs::remove_file(before) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match fs::hard_link(path, before) {
        Ok(()) => Ok(()),
        // Not every file system has links.
        Err(_) => fs::copy(path, before).map(drop),
    }
}

/// A new file that nobody else may read; an existing one is an error.
pub fn create_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)
}

/// A folder for this user alone, and its parents where they are missing.
pub fn create_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Tells the file system that the folders in this one have nothing to do with each other, where it takes such a word (`chattr +T`). ext4
/// then makes each of them in another group of inodes, and finds free ones there without looking at all those that an ended run has freed.
pub fn keep_apart(path: &Path) {
    let Ok(folder) = File::open(path) else { return };
    let flags = ioctl_getflags(&folder).unwrap_or(IFlags::TOPDIR);
    if !flags.contains(IFlags::TOPDIR) {
        // Everything works without it.
        ioctl_setflags(&folder, flags | IFlags::TOPDIR).ok();
    }
}

pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn permissions(mode: u32) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_kept_apart_where_the_file_system_does_that_and_made_everywhere() {
        let parent = tempfile::tempdir().unwrap();
        for folder in [parent.path(), Path::new("/proc"), Path::new("/nowhere")] {
            keep_apart(folder);
        }
        let is_ext4 = rustix::fs::statfs(parent.path()).unwrap().f_type == 0xef53;
        let flags = ioctl_getflags(File::open(parent.path()).unwrap());
        assert!(!is_ext4 || flags.unwrap().contains(IFlags::TOPDIR));
        create_private(&parent.path().join("run")).unwrap();
    }
}
