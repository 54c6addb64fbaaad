//! Whether anything of a run's container runs, seen from outside.

use std::io;

use crate::run::engine::process::Watched;
use crate::run::record::census::Seen;
use crate::run::watch::wall;

/// What the processes of a container do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// There are none.
    None,
    Runs,
    /// They are held still, until somebody resumes them.
    Paused,
}

/// Looks at the container's first process and its control group, without any privilege.
pub fn activity(run: &Seen) -> io::Result<Activity> {
    let Some(pid) = run.record.pid.filter(|_| run.record.state.is_open()) else { return Ok(Activity::None) };
    if Watched::find(pid, run.record.name())?.is_none() {
        return Ok(Activity::None);
    }
    match wall::is_paused(pid) {
        Ok(true) => Ok(Activity::Paused),
        Ok(false) => Ok(Activity::Runs),
        // It ended in this moment.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Activity::None),
        Err(error) => Err(error),
    }
}
