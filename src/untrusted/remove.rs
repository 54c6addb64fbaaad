//! Removes folders in which an agent may have written anything.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::{self, Scope, ScopedJoinHandle};

use crate::output::progress;
use crate::untrusted::UntrustedError;

/// Folders with longer paths are moved up before they are removed, so that no path gets too long. Bytes.
const LONGEST: usize = 2048;
/// So many names are read before these files are removed.
const BATCH: usize = 8192;
/// So many are removed at a time, and no thread is started for fewer than so many.
const THREADS: usize = 8;
const FEW: usize = 64;

/// Removes folders as `folder` does, all at the same time.
pub fn folders(folders: &[PathBuf]) -> Result<(), UntrustedError> {
    let remove = |path: &PathBuf| folder(path);
    let (own, others) = folders.split_first().map_or((None, folders), |(own, others)| (Some(own), others));
    thread::scope(|scope| {
        let is_gone =
            |path: &Path| fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let others = others.iter().filter(|path| !is_gone(path));
        let begun: Vec<_> = others.map(|path| (path, begin(scope, move || remove(path)))).collect();
        let done = own.map_or(Ok(()), remove);
        begun.into_iter().fold(done, |done, (path, thread)| done.and(end(thread, || remove(path))))
    })
}

/// `None` where no thread can be started.
fn begin<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Option<ScopedJoinHandle<'scope, T>> {
    thread::Builder::new().spawn_scoped(scope, work).ok()
}

/// What came of it. Where there is nothing, it is done here.
fn end<T>(thread: Option<ScopedJoinHandle<'_, T>>, again: impl Fn() -> T) -> T {
    thread.and_then(|thread| thread.join().ok()).unwrap_or_else(again)
}

/// Removes a folder and all below it; follows no link, and does not mind if it is not there.
pub fn folder(folder: &Path) -> Result<(), UntrustedError> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(UntrustedError::io("remove", folder)(error)),
        Ok(found) if !found.is_dir() => return fs::remove_file(folder).map_err(UntrustedError::io("remove", folder)),
        Ok(_) => {}
    }
    Removal { top: folder, moved: 0 }.run().map_err(UntrustedError::io("remove", folder))
}

struct Removal<'a> {
    top: &'a Path,
    moved: usize,
}

impl Removal<'_> {
    fn run(&mut self) -> io::Result<()> {
        let mut open: Vec<PathBuf> = vec![self.top.to_owned()];
        // A folder stays on the stack until it is empty, and is removed when it is seen again.
        while let Some(path) = open.last().cloned() {
            // There may be very many.
            progress::tick();
            match fs::remove_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                removed => {
                    removed?;
                    open.pop();
                    continue;
                }
            }
            let below = self.empty_of_files(&path)?;
            if path.as_os_str().len() > LONGEST + self.top.as_os_str().len() {
                below.iter().try_for_each(|folder| self.lift(folder))?;
            } else {
                open.extend(below);
            }
        }
        Ok(())
    }

    /// Removes all that is no folder, and returns the folders.
    fn empty_of_files(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        if fs::symlink_metadata(path)?.permissions().mode() & 0o700 != 0o700 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
            if files.len() == BATCH {
                remove_files(&files)?;
                files.clear();
            }
        }
        remove_files(&files)?;
        Ok(folders)
    }

    /// Moves a deep folder to the top, where it is found once its old place is empty.
    fn lift(&mut self, folder: &Path) -> io::Result<()> {
        if fs::symlink_metadata(folder)?.permissions().mode() & 0o700 != 0o700 {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        }
        self.moved += 1;
        fs::rename(
            folder,
            self.top.join(format!(".removed-{}-{}", rustix::process::getpid().as_raw_nonzero(), self.moved)),
        )
    }
}

/// Several at a time: a disk that is told of each free block takes its time for that.
fn remove_files(files: &[PathBuf]) -> io::Result<()> {
    let remove = |files: &[PathBuf]| files.iter().try_for_each(fs::remove_file);
    let mut parts = files.chunks(files.len().div_ceil(THREADS).max(FEW));
    let own = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        let begun: Vec<_> = parts.map(|part| (part, begin(scope, move || remove(part)))).collect();
        let done = remove(own);
        begun.into_iter().fold(done, |done, (part, thread)| done.and(end(thread, || remove(part))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_removed_together_and_what_cannot_be_is_said() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        ["a/b/c", "d/e", "f"].iter().for_each(|path| fs::create_dir_all(at(path)).unwrap());
        fs::write(at("a/b/file"), "").unwrap();
        folders(&["nowhere", "a", "d", "f"].map(at)).unwrap();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        fs::write(at("file"), "").unwrap();
        fs::create_dir(at("g")).unwrap();
        let refused = folders(&["g", "file/below"].map(at)).unwrap_err().to_string();
        assert!(refused.contains("file/below") && !at("g").exists(), "{refused}");
        folders(&[]).unwrap();
    }

    #[test]
    fn a_folder_with_many_files_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let top = parent.path().join("top");
        fs::create_dir_all(top.join("below")).unwrap();
        (0..BATCH + FEW + 1).for_each(|number| drop(fs::File::create(top.join(number.to_string())).unwrap()));
        (0..FEW).for_each(|number| drop(fs::File::create(top.join("below").join(number.to_string())).unwrap()));
        super::folder(&top).unwrap();
        assert!(!top.exists());
    }

    #[test]
    fn a_folder_deeper_than_any_path_is_removed_and_what_links_lead_to_is_not() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("canary"), "").unwrap();
        let parent = tempfile::tempdir().unwrap();
        let top = parent.path().join("top");
        fs::create_dir(&top).unwrap();
        std::os::unix::fs::symlink(outside.path(), top.join("link")).unwrap();
        let name = "x".repeat(200);
        let mut folder = crate::untrusted::nofollow::open_folder(&top).unwrap();
        for _ in 0..300 {
            rustix::fs::mkdirat(&folder, name.as_str(), rustix::fs::Mode::from_raw_mode(0o700)).unwrap();
            folder = crate::untrusted::nofollow::folder_in(&folder, name.as_ref()).unwrap();
        }
        fs::create_dir(top.join("closed")).unwrap();
        fs::write(top.join("closed/file"), "").unwrap();
        fs::set_permissions(top.join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
        super::folder(&top).unwrap();
        assert!(!top.exists());
        assert!(outside.path().join("canary").exists());
        super::folder(&top).unwrap();
    }
}
