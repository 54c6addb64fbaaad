//! How much room a folder takes.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::run::watch::written::{self, Bounds, Tree};

/// How long one folder is measured.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a folder takes on the disk; `None` where that takes too long, or something lies there that nobody can measure.
pub fn measured(folder: &Path) -> Option<u64> {
    let deadline = Instant::now() + PATIENCE;
    let tree = Tree { root: folder.to_owned(), except: None };
    written::since(i64::MIN, &[tree], &[], Bounds { enough: u64::MAX, go_on: &|| Instant::now() < deadline })
}
