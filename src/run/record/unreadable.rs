//! Runs whose record cannot be read: only that they exist is known.

use crate::run::record::RunError;
use crate::run::record::folder::Folder;

/// A run whose record is damaged, or of a newer bn.
#[derive(Debug)]
pub struct Unreadable {
    pub folder: Folder,
    pub owned: bool,
    pub error: RunError,
}

impl Unreadable {
    /// The run's name, which its folder has, too.
    pub fn name(&self) -> String {
        self.folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The error of a command for which it would have to be read.
    pub fn in_the_way(&self, running: bool) -> RunError {
        RunError::Unreadable { name: self.name(), path: self.folder.record(), running }
    }
}
