//! What git was asked before anybody needed to know.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::process::{Begun, Cmd};

/// An older answer is nobody's: what is decided must be true at that time.
const LONGEST: Duration = Duration::from_secs(5);

/// Programs of git that have been started, for the first who asks the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Ahead(Arc<Mutex<Vec<(Cmd, Begun, Instant)>>>);

impl Ahead {
    pub fn add(&self, cmd: &Cmd, begun: Begun) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((cmd.clone(), begun, Instant::now()));
    }

    pub fn take(&self, cmd: &Cmd) -> Option<Begun> {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = begun.iter().position(|(asked, ..)| asked == cmd)?;
        let (_, answer, since) = begun.remove(found);
        (since.elapsed() < LONGEST).then_some(answer)
    }
}
