//! Copies that `bn` makes by itself before a run starts: out of the agent's reach, and put back with one command.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::graph::error::GraphError;
use crate::graph::store::{FILE, SOME_ROWS, Store};

/// As many as are kept; the oldest go.
const KEPT: usize = 5;
/// Ten times a graph of a hundred thousand tasks.
const LARGEST: u64 = 1 << 30;
const ENDING: &str = ".db";
/// What marks a copy made before a run, and tells it from the copies of migrations.
const BEFORE: &str = "-before-";

/// A copy of the graph.
#[derive(Debug, Serialize)]
pub struct Copy {
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
}

impl Store {
    /// Copies the graph into this folder, named by the time and the run.
    pub fn copy_before(&self, run: &str, folder: &Path, now: DateTime<Utc>) -> Result<(), GraphError> {
        fs::create_dir_all(folder).map_err(failed("make", folder))?;
        self.refuse_to_fill_the_disk()?;
        self.backup_within(SOME_ROWS, &folder.join(format!("{}{BEFORE}{run}{ENDING}", stamp(now))))?;
        let mut copies: Vec<Copy> = list(folder)?.into_iter().filter(|copy| copy.name.contains(BEFORE)).collect();
        let surplus = copies.len().saturating_sub(KEPT);
        copies.drain(..surplus).try_for_each(|copy| fs::remove_file(&copy.path).map_err(failed("remove", &copy.path)))
    }
}

impl Store {
    /// An agent can write as much as the disk holds, and several copies are kept.
    fn refuse_to_fill_the_disk(&self) -> Result<(), GraphError> {
        let mut size = 0;
        for name in [FILE.to_owned(), format!("{FILE}-wal")] {
            let path = self.folder.join(name);
            match fs::symlink_metadata(&path) {
                // What is really there: a file with holes is as long as it likes.
                Ok(found) => size += found.blocks() * 512,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed("read", &path)(error)),
            }
        }
        if size > LARGEST { Err(GraphError::TooLarge { most: LARGEST >> 20 }) } else { Ok(()) }
    }
}

/// All copies, oldest first.
pub fn list(folder: &Path) -> Result<Vec<Copy>, GraphError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed("read", folder))?,
    };
    let mut copies = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed("read", folder))?.path();
        let found = fs::symlink_metadata(&path).map_err(failed("read", &path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if found.is_file() && name.ends_with(ENDING) {
            copies.push(Copy { name, bytes: found.len(), path });
        }
    }
    copies.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(copies)
}

/// Puts a copy in the graph's place. What was there is moved aside, whatever its state, and nothing is deleted.
///
/// Returns where it went. No program may have the graph open: it would go on writing to what was moved.
pub fn restore(copy: &Path, graph: &Path, aside: &Path, now: DateTime<Utc>) -> Result<PathBuf, GraphError> {
    let draft = tempfile::Builder::new().prefix(".graph-").suffix(".new").tempfile_in(graph);
    let mut draft = draft.map_err(failed("write to", graph))?;
    let mut source = fs::File::open(copy).map_err(failed("read", copy))?;
    std::io::copy(&mut source, &mut draft).map_err(failed("write to", graph))?;
    draft.as_file().sync_all().map_err(failed("write to", graph))?;
    let aside = aside.join(format!("{}-replaced", stamp(now)));
    fs::create_dir_all(&aside).map_err(failed("make", &aside))?;
    // The logs first: without their database they would be taken for damage, and never be mixed with the copy. A rollback
    // journal is never bn's: SQLite would write what is in it over the copy.
    for name in ["-journal", "-wal", "-shm", ""].map(|ending| format!("{FILE}{ending}")) {
        match fs::rename(graph.join(&name), aside.join(&name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("move", &graph.join(name))(error)),
            _ => {}
        }
    }
    let path = graph.join(FILE);
    let file = draft.persist(&path).map_err(|error| failed("write", &path)(error.error))?;
    own(&file, graph).map_err(failed("write", &path))?;
    fs::File::open(graph).and_then(|folder| folder.sync_all()).map_err(failed("write to", graph))?;
    Ok(aside)
}

/// As every graph: its owner's and its group's to write.
fn own(file: &fs::File, folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let owner = fs::metadata(folder)?;
    if rustix::process::geteuid().is_root() {
        fchown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(0o660))
}

fn stamp(now: DateTime<Utc>) -> String {
    now.format("%Y%m%dT%H%M%S%3fZ").to_string()
}

fn failed(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> GraphError {
    let path = path.to_owned();
    move |source| GraphError::File { verb, path, source }
}
