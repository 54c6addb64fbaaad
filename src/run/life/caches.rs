//! The package managers' caches of a repository, after a run.

use crate::run::life::lasting::Lasting;
use crate::run::record::run::Run;

/// So many bytes are kept, or none.
const MOST: u64 = 10 << 30;

/// Caches that have grown too large, or that cannot be measured, go. Returns what the user should hear.
pub fn bound(run: &Run) -> Option<String> {
    let folder = run.record.spec.caches.as_deref()?;
    Lasting::of(run, folder)?.bound(run, MOST, "the package managers' caches were")
}
