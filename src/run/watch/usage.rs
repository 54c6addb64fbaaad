//! How much of the machine a container uses, read from outside without any privilege.

use std::io;
use std::time::Instant;

use crate::container::wall::usage::Used;
use crate::run::engine::process::Watched;
use crate::run::watch::wall;

/// What a container used at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    at: Instant,
    pub used: Used,
}

impl Sample {
    /// `None` where nothing of the container runs. `pid` is its first process.
    pub fn take(pid: u32, id: &str) -> io::Result<Option<Self>> {
        if Watched::find(pid, id)?.is_none() {
            return Ok(None);
        }
        match wall::usage(pid) {
            Ok(used) => Ok(Some(Self { at: Instant::now(), used })),
            // It ended in this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How much of one processor it had since an earlier sample, in percent: 200 is two of them.
    pub fn percent_since(&self, before: &Self) -> Option<f64> {
        let used = self.used.cpu?.checked_sub(before.used.cpu?)?;
        let passed = (self.at - before.at).as_micros();
        #[allow(clippy::cast_precision_loss, reason = "a percentage for people")]
        (passed > 0).then(|| used as f64 * 100.0 / passed as f64)
    }
}
