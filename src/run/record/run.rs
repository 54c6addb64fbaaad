//! A run in the hands of the process that owns it, which alone writes its record.

use std::cell::RefCell;

use crate::failpoint::{self, Point};
use crate::git::private::RunGit;
use crate::run::record::RunError;
use crate::run::record::folder::Folder;
use crate::run::record::lock::Lock;
use crate::run::record::run_json::Record;
use crate::run::record::state::State;
use crate::run::record::store::{self, Syncing};

/// A run and its lock. Only the process that holds the lock writes the record.
#[derive(Debug)]
pub struct Run {
    pub folder: Folder,
    pub record: Record,
    lock: Lock,
    /// The record that was written last, as long as the disk may not have it.
    ahead: RefCell<Option<Syncing>>,
}

impl Run {
    pub fn new(folder: Folder, record: Record, lock: Lock) -> Self {
        Self { folder, record, lock, ahead: RefCell::default() }
    }

    /// Takes over a run that nobody owns. `None` where somebody does.
    pub fn take_over(folder: Folder) -> Result<Option<Self>, RunError> {
        let path = folder.lock();
        let Some(lock) = Lock::try_take(&path).map_err(|source| RunError::io("lock", &path, source))? else {
            return Ok(None);
        };
        let record = Record::load(&folder)?;
        Ok(Some(Self::new(folder, record, lock)))
    }

    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    pub fn name(&self) -> &str {
        self.record.name()
    }

    pub fn git(&self) -> Option<RunGit> {
        self.record.git(&self.folder)
    }

    /// Writes the record; when this returns, a crash cannot undo it.
    pub fn save(&self, point: Point) -> Result<(), RunError> {
        self.write()?;
        self.settle()?;
        failpoint::reached(point);
        Ok(())
    }

    /// Writes the record, as far as the death of a process goes. A power failure may undo it until the next one is written or `settle`
    /// has returned; the one before it stays.
    pub fn save_ahead(&self, point: Point) -> Result<(), RunError> {
        self.write()?;
        failpoint::reached(point);
        Ok(())
    }

    /// Returns once a power failure cannot undo what was written.
    pub fn settle(&self) -> Result<(), RunError> {
        let synced = self.ahead.take().map_or(Ok(()), Syncing::finish);
        synced.map_err(|source| RunError::io("write", &self.folder.record(), source))
    }

    /// The disk has all but the last of what was written, which it gets beside what follows.
    fn write(&self) -> Result<(), RunError> {
        self.settle()?;
        let path = self.folder.record();
        let failed = |source| RunError::io("write", &path, source);
        let bytes = serde_json::to_vec_pretty(&self.record).map_err(|error| failed(error.into()))?;
        if Record::read(path.clone()).is_ok() {
            store::keep_beside(&path, &self.folder.record_before()).map_err(failed)?;
        }
        self.ahead.replace(Some(store::write_ahead(&path, &bytes, 0o600).map_err(failed)?));
        Ok(())
    }

    /// Steps on to a state, durably.
    pub fn enter(&mut self, state: State, point: Point) -> Result<(), RunError> {
        self.record.state = state;
        self.save(point)
    }

    /// Steps on to a state from which a crash is resumed as from the one before it.
    pub fn enter_ahead(&mut self, state: State, point: Point) -> Result<(), RunError> {
        self.record.state = state;
        self.save_ahead(point)
    }
}
