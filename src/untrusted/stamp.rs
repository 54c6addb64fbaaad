//! What tells whether a file or a folder is one and the same, and has not changed.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A file system may keep times as coarse as this: what is younger can change once more and look the same.
pub const SETTLED: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(2) };
/// File systems of this machine's own, which keep their times: ext2 to 4, XFS, Btrfs, F2FS, ZFS, tmpfs, overlay (statfs(2)).
const TRUE_TO_TIME: [i64; 7] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0x0102_1994, 0x794c_7630];

/// One and the same, with the same in it: nobody can set the time of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub device: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Stamp {
    pub fn of(found: &Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino(), changed: (found.ctime(), found.ctime_nsec()) }
    }

    /// Whether every change that is still to come will show. `now` is from before this was taken.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let changed = Duration::new(seconds.max(0).unsigned_abs(), nanoseconds.max(0).unsigned_abs() as u32);
        now.duration_since(UNIX_EPOCH).is_ok_and(|now| changed + SETTLED < now)
    }
}

/// The file system that a folder is on, where that keeps its times.
pub fn device(folder: &Path) -> Option<u64> {
    let kind = rustix::fs::statfs(folder).ok()?.f_type;
    TRUE_TO_TIME.contains(&kind).then(|| fs::symlink_metadata(folder).ok().map(|found| found.dev())).flatten()
}
