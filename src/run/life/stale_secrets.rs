//! Secrets that a run left because its owner died: the next command removes them.

use std::io::ErrorKind;

use crate::error::Failure;
use crate::run::life::prepare::{remove_model_keys, remove_secret_file};
use crate::run::record::census::Seen;
use crate::run::record::lock::Lock;
use crate::run::record::{RunError, secrets};

/// Empties and removes the secrets of every run that nobody owns.
pub fn remove(runs: &[Seen]) -> Result<(), Failure> {
    let has_any = |runtime| secrets::file(runtime).exists() || secrets::model_keys(runtime).exists();
    for run in runs.iter().filter(|run| !run.owned && has_any(&run.record.spec.runtime)) {
        let path = run.folder.lock();
        // Supervised until the file is gone: a new run of this name writes its own only after that.
        let lock = match Lock::try_take(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            other => other.map_err(|source| RunError::io("lock", &path, source))?,
        };
        if lock.is_some() {
            remove_secret_file(&run.record.spec)?;
            remove_model_keys(&run.record.spec)?;
        }
    }
    Ok(())
}
