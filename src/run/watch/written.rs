//! How much of a disk the files take that were written since a moment, in folders that a stranger writes to.

use std::collections::HashSet;
use std::ffi::{CString, OsStr};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Stat, fstat, statat};
use rustix::io::Errno;

use crate::untrusted::nofollow;

/// So many entries are looked at, in all folders together.
const MOST_ENTRIES: usize = 2_000_000;
/// After so many entries it is asked whether to go on.
const ASK_AFTER: usize = 1000;
/// So many folders are open at a time, each in the one before.
const DEEPEST: usize = 200;
/// `st_blocks` counts in these, whatever the file system's own are.
const BLOCK: u64 = 512;

/// A folder that an agent writes to.
#[derive(Clone, Debug)]
pub struct Tree {
    pub root: PathBuf,
    /// A name at its top that the agent cannot write to.
    pub except: Option<&'static str>,
}

/// How long it is worth to go on counting.
pub struct Bounds<'a> {
    /// More than so many bytes are as bad as any more of them.
    pub enough: u64,
    /// Asked again and again: an agent decides how long this takes, and what it does meanwhile.
    pub go_on: &'a dyn Fn() -> bool,
}

/// Counts what was written.
struct Count<'a> {
    bounds: Bounds<'a>,
    /// Seconds since 1970. Change times can be set by nobody but the clock.
    since: i64,
    entries: usize,
    bytes: u64,
    /// Files with several names, which count once.
    linked: HashSet<(u64, u64)>,
}

/// Bytes on disk of all files and folders that changed since this second, and of files that these processes hold open and that
/// have no name any more, or enough of them. `None` where that cannot be said: a folder is closed, too deep, or too large, or there
/// was no time.
pub fn since(second: i64, trees: &[Tree], pids: &[u32], bounds: Bounds) -> Option<u64> {
    let mut count = Count { bounds, since: second, entries: 0, bytes: 0, linked: HashSet::new() };
    for tree in trees {
        let folder = match nofollow::open_folder(&tree.root) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(_) => return None,
        };
        let device = fstat(&folder).ok()?.st_dev;
        count.folder(folder, device, tree.except)?;
    }
    pids.iter().try_for_each(|pid| count.nameless(*pid))?;
    Some(count.bytes)
}

impl Count<'_> {
    fn folder(&mut self, root: OwnedFd, device: u64, except: Option<&str>) -> Option<()> {
        let names = self.names(&root)?;
        let kept = names.into_iter().filter(|name| except.is_none_or(|except| name.as_bytes() != except.as_bytes()));
        let mut open = vec![(root, kept.collect::<Vec<_>>())];
        let mut looked_at = 0;
        while let Some((folder, names)) = open.last_mut() {
            if self.bytes > self.bounds.enough {
                return Some(());
            }
            if looked_at % ASK_AFTER == 0 && !(self.bounds.go_on)() {
                return None;
            }
            looked_at += 1;
            let Some(name) = names.pop() else {
                open.pop();
                continue;
            };
            let found = match statat(&*folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(found) => found,
                Err(Errno::NOENT) => continue,
                Err(_) => return None,
            };
            if found.st_ctime >= self.since {
                self.add(found.st_dev, found.st_ino, found.st_nlink, found.st_blocks.cast_unsigned());
            }
            if FileType::from_raw_mode(found.st_mode) == FileType::Directory && found.st_dev == device {
                let inner = match nofollow::folder_in(folder, OsStr::from_bytes(name.to_bytes())) {
                    Ok(inner) => inner,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied && is_out_of_reach(&found) => {
                        continue;
                    }
                    Err(_) => return None,
                };
                if open.len() >= DEEPEST {
                    return None;
                }
                let names = self.names(&inner)?;
                open.push((inner, names));
            }
        }
        Some(())
    }

    fn names(&mut self, folder: &OwnedFd) -> Option<Vec<CString>> {
        let names = nofollow::names(folder, MOST_ENTRIES.saturating_sub(self.entries)).ok()?;
        self.entries += names.len();
        Some(names)
    }

    fn add(&mut self, device: u64, inode: u64, names: u64, blocks: u64) {
        if names < 2 || self.linked.insert((device, inode)) {
            self.bytes = self.bytes.saturating_add(blocks.saturating_mul(BLOCK));
        }
    }

    /// A process that ended meanwhile holds nothing any more. One that lets nobody look may hold anything. Each of its threads may
    /// have open files of its own.
    fn nameless(&mut self, pid: u32) -> Option<()> {
        let process = Path::new("/proc").join(pid.to_string());
        let threads = match fs::read_dir(process.join("task")) {
            Ok(threads) => threads,
            Err(error) => return is_gone(&error).then_some(()),
        };
        for thread in threads {
            let looked = thread.map(|thread| self.held_by(&thread.path()));
            match looked {
                Ok(Ok(counted)) => counted?,
                Ok(Err(error)) | Err(error) if is_gone(&error) => {}
                Ok(Err(_)) | Err(_) if is_ending(&process) => {}
                Ok(Err(_)) | Err(_) => return None,
            }
        }
        Some(())
    }

    fn held_by(&mut self, thread: &Path) -> io::Result<Option<()>> {
        for entry in fs::read_dir(thread.join("fd"))? {
            // A few processes that share what they have open make it a lot.
            self.entries += 1;
            if self.entries > MOST_ENTRIES || self.entries.is_multiple_of(ASK_AFTER) && !(self.bounds.go_on)() {
                return Ok(None);
            }
            let file = match entry.and_then(|entry| fs::metadata(entry.path())) {
                Ok(file) => file,
                Err(error) if is_gone(&error) => continue,
                Err(error) => return Err(error),
            };
            if file.is_file() && file.nlink() == 0 {
                // Two processes may hold the same one.
                self.add(file.dev(), file.ino(), 2, file.blocks());
            }
        }
        Ok(Some(()))
    }
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

/// Whether nothing is left of a process but its exit code, or will be at once: it has no memory, and no thread that has. The kernel lets
/// nobody but root look at what such a one has open.
fn is_ending(process: &Path) -> bool {
    match fs::read_to_string(process.join("status")) {
        Ok(status) => {
            let mut lines = status.lines();
            let is_alone = lines.clone().any(|line| line == "Threads:\t1");
            is_alone && !lines.any(|line| line.starts_with("VmSize:"))
        }
        Err(error) => is_gone(&error),
    }
}

/// A process of this program's uid that can join no group can write neither to such a folder nor below it.
fn is_out_of_reach(folder: &Stat) -> bool {
    folder.st_uid != rustix::process::geteuid().as_raw() && folder.st_mode & 0o022 == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const SIZE: u64 = 1 << 20;

    fn write(path: &Path) -> fs::File {
        let mut file = fs::File::create(path).unwrap();
        file.write_all(&vec![1; SIZE.try_into().unwrap()]).unwrap();
        file.sync_all().unwrap();
        file
    }

    const ALL: Bounds<'static> = Bounds { enough: u64::MAX, go_on: &|| true };

    fn measured(root: &Path, except: Option<&'static str>) -> Option<u64> {
        since(0, &[Tree { root: root.to_owned(), except }], &[], ALL)
    }

    #[test]
    fn what_was_written_counts_once_and_by_what_it_takes() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        fs::create_dir_all(top.join("a/b")).unwrap();
        write(&top.join("a/b/file"));
        fs::hard_link(top.join("a/b/file"), top.join("again")).unwrap();
        std::os::unix::fs::symlink("/", top.join("link")).unwrap();
        fs::File::create(top.join("sparse")).unwrap().set_len(SIZE << 20).unwrap();
        fs::create_dir(top.join(".git")).unwrap();
        write(&top.join(".git/of the host"));
        let found = measured(top, Some(".git")).unwrap();
        assert!((SIZE..SIZE + (64 << 10)).contains(&found), "{found}");
        assert!(measured(top, None).unwrap() >= 2 * SIZE);
        let later = fs::metadata(top).unwrap().ctime() + 60;
        assert_eq!(since(later, &[Tree { root: top.to_owned(), except: None }], &[], ALL), Some(0));
    }

    #[test]
    fn a_file_without_a_name_counts_while_somebody_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let held = write(&path);
        fs::remove_file(&path).unwrap();
        assert!(since(0, &[], &[std::process::id()], ALL).unwrap() >= SIZE);
        drop(held);
    }

    #[test]
    fn what_cannot_be_looked_into_is_not_taken_for_empty() {
        let folder = tempfile::tempdir().unwrap();
        let deep: PathBuf = std::iter::repeat_n("d", DEEPEST + 1).collect();
        fs::create_dir_all(folder.path().join(deep)).unwrap();
        assert_eq!(measured(folder.path(), None), None);
        assert_eq!(measured(&folder.path().join("gone"), None), Some(0));
    }

    #[test]
    fn nobody_counts_longer_than_it_is_of_use() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..10 {
            write(&folder.path().join(number.to_string()));
        }
        let trees = [Tree { root: folder.path().to_owned(), except: None }];
        assert_eq!(since(0, &trees, &[], Bounds { go_on: &|| false, ..ALL }), None);
        let found = since(0, &trees, &[], Bounds { enough: 3 * SIZE / 2, ..ALL }).unwrap();
        assert!((2 * SIZE..3 * SIZE).contains(&found), "{found}");
    }

    /// As root there is nothing to it.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "nobody may ask for its exit code")]
    fn a_process_of_which_only_the_exit_code_is_left_holds_nothing() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        while !fs::read_to_string(&status).unwrap().contains("State:\tZ") {
            std::thread::yield_now();
        }
        assert_eq!(since(0, &[], &[child.id()], ALL), Some(0));
        child.wait().unwrap();
    }

    #[test]
    #[expect(unsafe_code, reason = "a thread with open files of its own")]
    fn each_thread_is_asked_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (held, holds) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            // SAFETY: nothing that others opened is used here any more.
            unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::FILES) }.unwrap();
            let file = write(&path);
            fs::remove_file(&path).unwrap();
            held.send(()).unwrap();
            ended.recv().ok();
            drop(file);
        });
        holds.recv().unwrap();
        assert!(since(0, &[], &[std::process::id()], ALL).unwrap() >= SIZE);
        drop(end);
        thread.join().unwrap();
    }
}
