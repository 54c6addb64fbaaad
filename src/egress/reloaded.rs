//! A small file that is read again when it has changed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What tells one content from the next.
type Stamp = Option<(u64, u64, i64, i64)>;

/// A file and what was last read from it. A file that is missing reads as empty.
pub struct Reloaded<T> {
    path: PathBuf,
    parse: fn(&str) -> T,
    last: Mutex<Option<(Stamp, Arc<T>)>>,
}

impl<T> Reloaded<T> {
    pub fn new(path: impl Into<PathBuf>, parse: fn(&str) -> T) -> Self {
        Self { path: path.into(), parse, last: Mutex::new(None) }
    }

    /// The content as it is now.
    pub fn get(&self) -> Arc<T> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        match &*last {
            Some((seen, value)) if *seen == stamp => Arc::clone(value),
            _ => {
                let bytes = fs::read(&self.path).unwrap_or_default();
                let value = Arc::new((self.parse)(&String::from_utf8_lossy(&bytes)));
                *last = Some((stamp, Arc::clone(&value)));
                value
            }
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    fs::metadata(path).ok().map(|found| (found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_and_a_missing_file_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let reloaded = Reloaded::new(&path, |text| text.lines().count());
        assert_eq!(*reloaded.get(), 0);
        fs::write(&path, "one\n").unwrap();
        assert_eq!(*reloaded.get(), 1);
        fs::write(&path, "one\ntwo\n").unwrap();
        assert_eq!(*reloaded.get(), 2);
        fs::remove_file(&path).unwrap();
        assert_eq!(*reloaded.get(), 0);
    }
}
