//! The images that `build` has made for a repository: the record by which `prune --images` knows them again, by their very ids.
//!
//! A label in the image would be inherited by what others build from it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::commands::Context;
use crate::data_dir::{DataDir, RepoId};
use crate::error::Failure;
use crate::git::host::discover;
use crate::run::record::store;

/// An image that was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// The repository's main worktree.
    pub repository: PathBuf,
    pub reference: String,
    /// The id that buildah gave it.
    pub id: String,
}

/// Writes an image down. Outside of repositories nothing is: it stays until its user removes it.
pub fn record(reference: &str, id: &str, context: &Context) -> Result<(), Failure> {
    let Ok(repository) = discover::main_worktree(&context.env.directory) else { return Ok(()) };
    let path = DataDir::resolve(&context.env)?.built(&RepoId::of(&repository));
    let built = Built { repository, reference: reference.to_owned(), id: id.to_owned() };
    if read(&path)?.contains(&built) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    // A path that is no UTF-8 has no place there, and the image stays.
    let Ok(mut line) = serde_json::to_vec(&built) else { return Ok(()) };
    line.push(b'\n');
    store::create_private(folder)
        .and_then(|()| OpenOptions::new().append(true).create(true).mode(0o600).open(&path))
        .and_then(|mut file| file.write_all(&line))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// Those of one repository, the oldest first.
pub fn read(path: &Path) -> Result<Vec<Built>, Failure> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("cannot read {}", path.display()))?,
    };
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Forgets those that are gone.
pub fn forget(path: &Path, gone: &[String]) -> Result<(), Failure> {
    let left = read(path)?.into_iter().filter(|built| !gone.contains(&built.id));
    let lines: Vec<String> = left.filter_map(|built| serde_json::to_string(&built).ok()).collect();
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    Ok(store::write_durably(path, text.as_bytes(), 0o600)
        .with_context(|| format!("cannot write {}", path.display()))?)
}
