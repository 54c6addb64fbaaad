//! What lies in a folder. Nearly all of a large tree is of no interest: nothing is made for an entry that is passed over.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, RawDir};

use crate::untrusted::nofollow;

/// For what the kernel says of a folder at a time. Bytes.
const BUFFER: usize = 32 << 10;

/// One name of a folder.
pub struct Entry<'a> {
    pub name: &'a OsStr,
    /// A link is a link.
    pub kind: FileType,
}

/// Calls `visit` with each entry of a folder, in the order in which the file system has them.
pub fn each(path: &Path, mut visit: impl FnMut(&Entry<'_>) -> io::Result<()>) -> io::Result<()> {
    let folder = rustix::fs::openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut buffer = [MaybeUninit::uninit(); BUFFER];
    let mut entries = RawDir::new(&folder, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        // Some file systems do not say it here.
        let kind = match entry.file_type() {
            FileType::Unknown => nofollow::kind_of(&folder, name)?,
            known => known,
        };
        visit(&Entry { name, kind })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::fs;

    #[test]
    fn each_name_comes_once_with_what_it_is() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("file"), "text").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        for number in 0..3000 {
            fs::write(at(&format!("a-name-that-takes-some-of-the-room-{number}")), "").unwrap();
        }
        let mut found = BTreeMap::new();
        each(top.path(), |entry| {
            let before = found.insert(entry.name.to_owned(), entry.kind);
            assert_eq!(before, None);
            Ok(())
        })
        .unwrap();
        let of = |name: &str| found[OsStr::new(name)];
        assert_eq!(found.len(), 3003);
        let kinds = [FileType::RegularFile, FileType::Symlink, FileType::Directory];
        assert_eq!(["file", "link", "folder"].map(of), kinds);
        assert!(each(&at("file"), |_| Ok(())).is_err() && each(&at("gone"), |_| Ok(())).is_err());
    }
}
