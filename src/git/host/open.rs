//! The gits that wait for questions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::process::Conversation;

/// Those that wait, by the repositories that they read. One that could not answer is not asked again.
#[derive(Clone, Debug, Default)]
pub struct Open(Arc<Mutex<BTreeMap<PathBuf, Option<Conversation>>>>);

impl Open {
    pub fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Option<Conversation>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
