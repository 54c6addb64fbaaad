//! The folder of one build: what buildah reads, and the image on its way to containerd. Nobody else may look into it, and
//! nobody can know its name before.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::commands::container::definition::Definition;
use crate::error::Failure;

const ENTRYPOINT: &str = include_str!("../../../container/entrypoint.sh");
const INSTALL: &str = include_str!("../../../container/install.sh");

const PREFIX: &str = "bn-build-";
/// A folder that was made just now may not be locked yet.
const YOUNG: Duration = Duration::from_secs(60);

/// Goes with its value. What a killed build left goes with the next build.
pub struct BuildFolder {
    folder: TempDir,
    /// Held while the folder is in use.
    _lock: File,
}

impl BuildFolder {
    /// `parent` is the user's folder for temporary files, where there is one. An image is large, and /tmp may be memory.
    pub fn make(parent: Option<&Path>) -> Result<Self, Failure> {
        let parent = parent.unwrap_or(Path::new("/var/tmp"));
        let making = || format!("cannot make a folder to build in, in {}", parent.display());
        remove_stale(parent).with_context(making)?;
        let own = fs::Permissions::from_mode(0o700);
        let made = tempfile::Builder::new().prefix(PREFIX).permissions(own).tempdir_in(parent);
        let folder = made.with_context(making)?;
        let lock = File::open(folder.path()).with_context(making)?;
        lock.lock().with_context(making)?;
        Ok(Self { folder, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The build context: the definition, and what every image of `bn`'s takes in.
    pub fn stage(&self, definition: &Definition) -> Result<PathBuf, Failure> {
        let context = self.path().join("context");
        fs::create_dir(&context)?;
        let texts = [("Containerfile", definition.text()), ("entrypoint.sh", ENTRYPOINT), ("install.sh", INSTALL)];
        for (name, text) in texts {
            fs::write(context.join(name), text)?;
        }
        let bn = context.join("bn");
        fs::copy(crate::env::own_program()?, &bn).context("cannot copy bn itself")?;
        fs::set_permissions(&bn, fs::Permissions::from_mode(0o755))?;
        Ok(context)
    }
}

/// Removes the folders of builds that were killed.
fn remove_stale(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) && is_stale(&entry.path()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a folder is this user's, old enough, and locked by no build.
fn is_stale(path: &Path) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else { return false };
    let own = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
    let old = found.modified().is_ok_and(|made| SystemTime::now().duration_since(made).is_ok_and(|age| age > YOUNG));
    own && old && File::open(path).is_ok_and(|folder| folder.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_build_left_goes_and_what_is_in_use_stays() {
        let parent = tempfile::tempdir().unwrap();
        let age = |path: &Path| {
            let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
            File::open(path).unwrap().set_modified(an_hour_ago).unwrap();
        };
        let in_use = BuildFolder::make(Some(parent.path())).unwrap();
        let names = ["bn-build-left", "bn-build-young", "bn-building", "else"].map(|name| parent.path().join(name));
        for path in &names {
            fs::create_dir(path).unwrap();
            fs::write(path.join("blob"), "x").unwrap();
            age(path);
        }
        File::open(&names[1]).unwrap().set_modified(SystemTime::now()).unwrap();
        age(in_use.path());
        let next = BuildFolder::make(Some(parent.path())).unwrap();
        assert!(!names[0].exists() && names[1..].iter().all(|path| path.exists()), "{names:?}");
        assert!(in_use.path().exists());
        assert_eq!(fs::metadata(next.path()).unwrap().permissions().mode() & 0o777, 0o700);
        let gone = next.path().to_owned();
        drop(next);
        assert!(!gone.exists());
    }
}
