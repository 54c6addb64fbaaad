//! Copies that `bn` makes by itself before a run starts: out of the agent's reach, and put back with one command.

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::graph::error::GraphError;
use crate::graph::store::copy_state::{self, CopyState};
use crate::graph::store::{FILE, SOME_ROWS, Store};

/// As many as are kept; the oldest go.
const KEPT: usize = 5;
/// Ten times a graph of a hundred thousand tasks.
const LARGEST: u64 = 1 << 30;
const ENDING: &str = ".db";
/// So much of two copies is compared at a time. Bytes.
const PIECE: usize = 64 << 10;
/// What marks a copy made before a run, and tells it from the copies of migrations.
const BEFORE: &str = "-before-";

/// A copy of the graph.
#[derive(Debug, Serialize)]
pub struct Copy {
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
    /// How many tasks it has, if it is sound.
    pub tasks: Option<u64>,
    /// What is wrong with it.
    pub problem: Option<String>,
    #[serde(skip)]
    pub state: CopyState,
}

impl Store {
    /// Copies the graph into this folder, named by the time and the run. Returns where the copy is, if it says anything new.
    pub fn copy_before(&self, run: &str, folder: &Path, now: DateTime<Utc>) -> Result<PathBuf, GraphError> {
        fs::create_dir_all(folder).map_err(failed("make", folder))?;
        self.refuse_to_fill_the_disk()?;
        let made = folder.join(format!("{}{BEFORE}{run}{ENDING}", stamp(now)));
        self.backup_within(SOME_ROWS, &made)?;
        let _door = door(folder).map_err(failed("lock", folder))?;
        let copies: Vec<Copy> = list(folder)?.into_iter().filter(|copy| copy.name.contains(BEFORE)).collect();
        surplus(&copies)?.into_iter().try_for_each(|copy| remove_with_note(&copy.path))?;
        Ok(made)
    }
}

/// Removes the copy that was made for a run which was never there.
pub fn take_back(copy: &Path) -> Result<(), GraphError> {
    let folder = copy.parent().unwrap_or(Path::new("/"));
    let _door = door(folder).map_err(failed("lock", folder))?;
    remove_with_note(copy)
}

/// One at a time looks at copies and drops some: what is looked at has to stay for so long.
fn door(folder: &Path) -> std::io::Result<fs::File> {
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(".lock"))?;
    file.lock()?;
    Ok(file)
}

/// Which copies go: those that say nothing new, and the oldest. The latest sound one that has all the tasks there ever were stays.
fn surplus(copies: &[Copy]) -> Result<Vec<&Copy>, GraphError> {
    let mut surplus = Vec::new();
    let mut different: Vec<&Copy> = Vec::new();
    for copy in copies {
        match different.last() {
            // A run that ended at once has changed nothing.
            Some(last) if last.bytes == copy.bytes && same(&last.path, &copy.path)? => surplus.push(copy),
            _ => different.push(copy),
        }
    }
    let best = different.iter().filter_map(|copy| Some((copy.tasks?, &copy.name))).max().map(|(_, name)| name.clone());
    let old = different.len().saturating_sub(KEPT);
    surplus.extend(different.into_iter().take(old).filter(|copy| Some(&copy.name) != best.as_ref()));
    Ok(surplus)
}

/// Whether two files of one length have the same bytes. Copies of a graph that has changed differ at their beginning, where SQLite counts
/// the changes.
fn same(left: &Path, right: &Path) -> Result<bool, GraphError> {
    let open = |path| fs::File::open(path).map_err(failed("read", path));
    let (mut one, mut other) = (open(left)?, open(right)?);
    let (mut of_one, mut of_other) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let length = one.read(&mut of_one).map_err(failed("read", left))?;
        other.read_exact(&mut of_other[..length]).map_err(failed("read", right))?;
        if length == 0 || of_one[..length] != of_other[..length] {
            return Ok(length == 0);
        }
    }
}

/// Where the copies of the graph in a folder are kept: beside it, never inside what containers mount.
pub fn beside(graph: &Path) -> Option<PathBuf> {
    Some(graph.parent()?.join("backups").join(graph.file_name()?))
}

/// Makes room for a new graph: what there is goes aside, and its copies with it, so that the new one is not compared with them.
///
/// Returns where everything is.
pub fn restart(graph: &Path, folder: &Path, now: DateTime<Utc>) -> Result<PathBuf, GraphError> {
    let aside = folder.join(format!("{}-replaced", stamp(now)));
    fs::create_dir_all(&aside).map_err(failed("make", &aside))?;
    for copy in list(folder)? {
        fs::rename(&copy.path, aside.join(&copy.name)).map_err(failed("move", &copy.path))?;
        remove(&copy_state::note_of(&copy.path))?;
    }
    move_aside(graph, &aside)?;
    Ok(aside)
}

fn remove_with_note(copy: &Path) -> Result<(), GraphError> {
    remove(copy)?;
    remove(&copy_state::note_of(copy))
}

/// Another bn may have removed it first.
fn remove(path: &Path) -> Result<(), GraphError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
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
        let found = match fs::symlink_metadata(&path) {
            // Another run makes its copy at the same moment, or drops the oldest.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            other => other.map_err(failed("read", &path))?,
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if found.is_file() && name.ends_with(ENDING) {
            let state = copy_state::at(&path, &found);
            let problem = if let CopyState::Unsound { why } = &state { Some(why.clone()) } else { None };
            copies.push(Copy { name, bytes: found.len(), path, tasks: state.tasks(), problem, state });
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
    move_aside(graph, &aside)?;
    let path = graph.join(FILE);
    let file = draft.persist(&path).map_err(|error| failed("write", &path)(error.error))?;
    own(&file, graph).map_err(failed("write", &path))?;
    fs::File::open(graph).and_then(|folder| folder.sync_all()).map_err(failed("write to", graph))?;
    Ok(aside)
}

/// The logs first: without their database they would be taken for damage, and never be mixed with the copy. A rollback journal
/// is never bn's: SQLite would write what is in it over the copy.
fn move_aside(graph: &Path, aside: &Path) -> Result<(), GraphError> {
    for name in ["-journal", "-wal", "-shm", ""].map(|ending| format!("{FILE}{ending}")) {
        match fs::rename(graph.join(&name), aside.join(&name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("move", &graph.join(name))(error)),
            _ => {}
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::model::session::{Actor, Identity};
    use crate::graph::model::task::NewTask;
    use crate::graph::model::timestamp::Timestamp;
    use crate::graph::store::Site;
    use chrono::TimeDelta;

    fn create(store: &Store, title: &str) {
        let identity = Identity::Place("here".to_owned());
        let actor = Actor {
            name: "ann".to_owned(),
            identity,
            agent_type: None,
            container: None,
            label: None,
            rights: crate::graph::model::rights::Rights::All,
        };
        let new = NewTask { title: title.to_owned(), ..NewTask::default() };
        store.write(&actor, Timestamp::from_micros(1), |writer| writer.create(&new)).unwrap();
    }

    #[test]
    fn the_last_sound_copy_stays_however_many_bad_ones_come() {
        let root = tempfile::tempdir().unwrap();
        let (graph, copies) = (root.path().join("graph"), root.path().join("backups"));
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let store = Store::open(&Site::new(&graph, uid, gid).backups(&copies)).unwrap();
        let mut now = crate::env::now();
        let mut copy = |run: &str| {
            now += TimeDelta::seconds(1);
            store.copy_before(run, &copies, now).unwrap();
            list(&copies).unwrap()
        };
        create(&store, "one");
        assert_eq!(copy("sound")[0].tasks, Some(1));
        assert_eq!(copy("same").len(), 1, "nothing was changed");
        let hand = rusqlite::Connection::open(graph.join(FILE)).unwrap();
        hand.execute_batch("UPDATE tasks SET title = x'ff'").unwrap();
        for round in 0..7 {
            hand.execute("UPDATE tasks SET title = x'ff', description = ?1", [round]).unwrap();
            copy("bad");
        }
        let all = copy("bad");
        let sound: Vec<&str> =
            all.iter().filter(|copy| copy.tasks.is_some()).map(|copy| copy.name.split('-').nth(2).unwrap()).collect();
        assert_eq!((sound, all.len()), (vec!["sound.db"], KEPT + 1));
        assert!(all.last().unwrap().problem.as_ref().unwrap().contains("its title is of the wrong type"));
    }

    #[test]
    fn stores_that_are_copied_at_once_do_not_miss_what_another_dropped() {
        let root = tempfile::tempdir().unwrap();
        let (graph, copies) = (root.path().join("graph"), root.path().join("backups"));
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let site = Site::new(&graph, uid, gid).backups(&copies);
        create(&Store::open(&site).unwrap(), "one");
        std::thread::scope(|scope| {
            for run in 0..8 {
                let (site, copies) = (&site, &copies);
                scope.spawn(move || {
                    let store = Store::open(site).unwrap();
                    for round in 0..20 {
                        store.copy_before(&format!("run{run}-{round}"), copies, crate::env::now()).unwrap();
                    }
                });
            }
        });
        assert_eq!(list(&copies).unwrap().len(), 1);
    }
}
