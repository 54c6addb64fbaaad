//! The folder of a user's login, for sockets and secrets. One that is somebody else's is none.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where systemd puts it, for sessions that did not say so (sudo, cron).
pub fn of_systemd(uid: u32) -> Option<PathBuf> {
    own(PathBuf::from(format!("/run/user/{uid}")), uid)
}

/// What the environment names. `su` hands on the variable of the user before, whose folder is closed to this one.
pub fn named(uid: u32) -> Option<PathBuf> {
    own(dirs::runtime_dir()?, uid)
}

fn own(folder: PathBuf, uid: u32) -> Option<PathBuf> {
    is_own(&folder, uid).then_some(folder)
}

fn is_own(folder: &Path, uid: u32) -> bool {
    fs::metadata(folder).is_ok_and(|found| found.is_dir() && found.uid() == uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_elses_and_one_that_is_gone_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let uid = fs::metadata(folder.path()).unwrap().uid();
        assert!(is_own(folder.path(), uid));
        assert!(!is_own(folder.path(), uid + 1));
        assert!(!is_own(&folder.path().join("gone"), uid));
    }
}
