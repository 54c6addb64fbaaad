//! The lock of a run's owner. It lasts as long as the process that holds it: no pid is compared, and no file goes stale.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::output::progress;

/// How long, and how often, somebody who only looks is waited for.
const RETRY_AFTER: Duration = Duration::from_millis(5);
const RETRIES: u32 = 10;

/// A lock that is held. It ends with this value and every copy of it in other processes.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Returns `None` where another process holds it. A process that only looks (`is_held`) holds it for a moment; this waits for that.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        for _ in 0..RETRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self(file))),
                Err(TryLockError::WouldBlock) => thread::sleep(RETRY_AFTER),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Waits until it is free.
    pub fn take(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => wait(&file)?,
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self(file))
    }

    /// Takes the lock that the parent process handed down as standard input.
    pub fn inherited() -> io::Result<Self> {
        use std::os::fd::AsFd;
        Ok(Self(File::from(io::stdin().as_fd().try_clone_to_owned()?)))
    }

    /// The same lock, as the standard input of a child that goes on holding it.
    pub fn as_stdio(&self) -> io::Result<Stdio> {
        Ok(Stdio::from(self.0.try_clone()?))
    }
}

/// Whether a living process holds the lock. A file that is not there is held by nobody.
pub fn is_held(path: &Path) -> io::Result<bool> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        },
    }
}

/// Waits for its turn. Where somebody is shown what that waits for, a thread waits, and ends with the lock.
fn wait(file: &File) -> io::Result<()> {
    if progress::tick().is_none() {
        return file.lock();
    }
    thread::scope(|scope| {
        let Ok(waiting) = thread::Builder::new().spawn_scoped(scope, || file.lock()) else { return file.lock() };
        while !waiting.is_finished() {
            progress::sleep(RETRY_AFTER);
        }
        waiting.join().unwrap_or_else(|_| file.lock())
    })
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_ends_with_its_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(!is_held(&path).unwrap());
        let lock = Lock::try_take(&path).unwrap().unwrap();
        assert!(is_held(&path).unwrap());
        assert!(Lock::try_take(&path).unwrap().is_none());
        drop(lock);
        // A test beside this one may be starting a program: until that has begun, its process has a copy of every file that is open.
        let is_free = || Lock::try_take(&path).unwrap().is_some();
        assert!((0..100).any(|_| is_free()));
    }
}
