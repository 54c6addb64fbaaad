//! The credential file in the folder of an agent, which may have put anything in its place.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::container::agent::Agent;
use crate::container::credentials::{self, Credential, Found, LARGEST};
use crate::error::Failure;
use crate::run::record::{RunError, store};
use crate::untrusted::{nofollow, remove};

/// What the agent has written, if it is a credential file.
pub fn read(home: &Path, agent: Agent) -> Option<Credential> {
    read_at(&home.join(credentials::file(agent)), agent)
}

fn read_at(path: &Path, agent: Agent) -> Option<Credential> {
    let bytes = nofollow::read_file(path, LARGEST).ok()?;
    match credentials::read(agent, &bytes) {
        Ok(Found::Renewed(credential)) => Some(credential),
        Ok(Found::Lasting(_)) | Err(_) => None,
    }
}

/// Puts a file in the place of whatever is there.
pub fn write(home: &Path, agent: Agent, text: &[u8]) -> io::Result<()> {
    let path = home.join(credentials::file(agent));
    if fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
        remove::folder(&path).map_err(io::Error::other)?;
    }
    store::write_durably(&path, text, 0o600)
}

/// The same. Returns what was there in that very moment: a program may write there at any.
pub fn exchange(home: &Path, agent: Agent, text: &[u8]) -> io::Result<Option<Credential>> {
    let path = home.join(credentials::file(agent));
    let mut beside = tempfile::Builder::new().prefix(".new-").tempfile_in(home)?;
    beside.write_all(text)?;
    beside.as_file().sync_all()?;
    match renameat_with(CWD, beside.path(), CWD, &path, RenameFlags::EXCHANGE) {
        Ok(()) => {
            // What was there has the other name now, until it is removed with it.
            let last = beside.into_temp_path();
            let found = read_at(&last, agent);
            if fs::symlink_metadata(&last).is_ok_and(|found| found.is_dir()) {
                remove::folder(&last).map_err(io::Error::other)?;
            }
            Ok(found)
        }
        Err(_) => write(home, agent, text).map(|()| None),
    }
}

/// Removes it, whatever it is.
pub fn forget(home: &Path, agent: Agent) -> Result<(), Failure> {
    let path = home.join(credentials::file(agent));
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(found) if found.is_dir() => Ok(remove::folder(&path)?),
        _ => fs::remove_file(&path).map_err(|source| RunError::io("remove", &path, source).into()),
    }
}
