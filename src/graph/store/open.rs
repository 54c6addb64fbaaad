//! Opening the store, and making it where there is none yet.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, lchown};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::graph::error::GraphError;
use crate::graph::store::budget::Budget;
use crate::graph::store::{FILE, Store, connection, filesystem, foreign_files, lost, migrate, schema, sql_error};

/// Older versions can damage a write-ahead log when a write meets a checkpoint.
const OLDEST_SQLITE: (i32, &str) = (3_051_003, "3.51.3");
/// "bngr": what tells the file from other people's databases.
const APPLICATION_ID: i32 = 0x626e_6772;

/// Where a graph lives, and whose it is.
#[derive(Clone, Debug)]
pub struct Site {
    folder: PathBuf,
    uid: u32,
    gid: u32,
    backups: Option<PathBuf>,
    project: Option<String>,
}

impl Site {
    /// `uid` and `gid` own what is made, where the process may give files away.
    pub fn new(folder: impl Into<PathBuf>, uid: u32, gid: u32) -> Self {
        Self { folder: folder.into(), uid, gid, backups: None, project: None }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a graph is copied to before it is brought up to date. Without it, as in a container, that never happens.
    pub fn backups(mut self, folder: impl Into<PathBuf>) -> Self {
        self.backups = Some(folder.into());
        self
    }

    /// The name that a new graph bears.
    pub fn project(mut self, name: impl Into<String>) -> Self {
        self.project = Some(name.into());
        self
    }
}

impl Store {
    /// Opens the graph, and makes an empty one where there is none.
    pub fn open(site: &Site) -> Result<Self, GraphError> {
        if rusqlite::version_number() < OLDEST_SQLITE.0 {
            return Err(GraphError::OldSqlite { found: rusqlite::version(), needed: OLDEST_SQLITE.1 });
        }
        let folder = prepare_folder(site)?;
        chown_to_owner(&folder, site).map_err(|source| GraphError::Folder { path: folder.clone(), source })?;
        filesystem::check(&folder)?;
        let path = folder.join(FILE);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() && found.len() > 0 => {}
            Ok(found) => return Err(GraphError::Damaged { detail: not_a_graph(&found), path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                lost::refuse_new(&path, site.backups.as_deref())?;
                create(site, &folder)?;
            }
            Err(source) => return Err(GraphError::Folder { path: folder, source }),
        }
        foreign_files::refuse(&folder)?;
        let (conn, budget) = connect(&path)
            .and_then(|(conn, budget)| Ok((check_version(conn, &path, site)?, budget)))
            .and_then(|(conn, budget)| {
                lost::refuse_emptied(&conn, &path, site.backups.as_deref()).map(|()| (conn, budget))
            })
            .map_err(|error| sql_error::locate(error, &folder))?;
        Ok(Self { conn, folder, budget, backups: site.backups.clone(), unread: RefCell::default(), room: usize::MAX })
    }
}

fn not_a_graph(found: &fs::Metadata) -> String {
    if found.is_file() { "it is empty".to_owned() } else { "it is not a regular file".to_owned() }
}

/// The folder, made where it is missing. In a container it is a mount and has to be there.
fn prepare_folder(site: &Site) -> Result<PathBuf, GraphError> {
    let trouble = |source| GraphError::Folder { path: site.folder.clone(), source };
    if !site.folder.is_dir() {
        if site.backups.is_none() {
            return Err(GraphError::NotMounted { path: site.folder.clone() });
        }
        make_folder(&site.folder, site).map_err(trouble)?;
    }
    site.folder.canonicalize().map_err(trouble)
}

/// The set-group-id bit gives every file in the folder the folder's group, whoever makes it.
fn make_folder(folder: &Path, site: &Site) -> io::Result<()> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.exists()) {
        make_parents(parent, site)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    give(folder, site)?;
    fs::set_permissions(folder, Permissions::from_mode(0o2770))
}

fn make_parents(folder: &Path, site: &Site) -> io::Result<()> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.exists()) {
        make_parents(parent, site)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => give(folder, site),
    }
}

/// Makes the graph the property of the uid that the agents have, where root on the host starts them. Root can write to it all
/// the same. Root never takes a graph from another user. No link is followed: an agent may have put it there.
fn chown_to_owner(folder: &Path, site: &Site) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() || site.uid == 0 || fs::metadata(folder)?.uid() == site.uid {
        return Ok(());
    }
    for name in ["", "-wal", "-shm"] {
        match lchown(folder.join(format!("{FILE}{name}")), Some(site.uid), Some(site.gid)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    lchown(folder, Some(site.uid), Some(site.gid))?;
    // A change of owner takes the set-group-id bit away.
    fs::set_permissions(folder, Permissions::from_mode(0o2770))
}

/// A file that root made for the user belongs to the user.
fn give(path: &Path, site: &Site) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let is_root = rustix::process::geteuid().is_root();
    if is_root && (found.uid(), found.gid()) != (site.uid, site.gid) {
        lchown(path, Some(site.uid), Some(site.gid))?;
    }
    Ok(())
}

/// Makes the whole file under another name first: whoever finds `graph.db` finds it complete.
fn create(site: &Site, folder: &Path) -> Result<(), GraphError> {
    let log = folder.join(format!("{FILE}-wal"));
    // In this order: who makes the graph at the same time publishes the file before its log.
    if log.exists() && !folder.join(FILE).exists() {
        let detail = format!("the file is gone, but its log {} is there", log.display());
        return Err(GraphError::Damaged { path: folder.join(FILE), detail });
    }
    let draft = tempfile::Builder::new().prefix(".graph-").suffix(".new").tempdir_in(folder);
    let draft = draft.map_err(|source| folder_error(folder, source, site.uid))?;
    let path = draft.path().join(FILE);
    empty_file(&path, folder).map_err(|source| folder_error(folder, source, site.uid))?;
    fill(&path, site).map_err(|error| sql_error::locate(error, folder))?;
    publish(&path, folder).map_err(|source| folder_error(folder, source, site.uid))
}

/// The new file takes its owner from the folder, so that a graph that root opens first stays the user's.
fn empty_file(path: &Path, folder: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o660).open(path)?;
    file.set_permissions(Permissions::from_mode(0o660))?;
    let owner = fs::metadata(folder)?;
    if rustix::process::geteuid().is_root() {
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

fn fill(path: &Path, site: &Site) -> Result<(), GraphError> {
    let (mut conn, _) = connect(path)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate::upgrade(&mut conn)?;
    if let Some(project) = &site.project {
        conn.execute("INSERT INTO meta (key, value) VALUES ('project', ?1)", [project])?;
    }
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.close().map_err(|(_, error)| error.into())
}

/// A link, and no rename: of two that make the graph at once, the first one's stays.
fn publish(draft: &Path, folder: &Path) -> io::Result<()> {
    File::open(draft)?.sync_all()?;
    match fs::hard_link(draft, folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(folder)?.sync_all()
}

fn folder_error(folder: &Path, source: io::Error, uid: u32) -> GraphError {
    let path = folder.to_owned();
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => GraphError::ReadOnly { path, uid },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => GraphError::Full { path },
        _ => GraphError::Folder { path, source },
    }
}

/// Opens the file for what may come: many processes, and an agent that can put anything into the file.
fn connect(path: &Path) -> Result<(Connection, Budget), GraphError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    connection::open(path, flags)
}

fn refuse_foreign(conn: &Connection, version: i64, path: &Path) -> Result<(), GraphError> {
    if schema::is_ours(conn, version)? {
        return Ok(());
    }
    let detail = "its tables are not the ones that bn makes".to_owned();
    Err(GraphError::Damaged { path: path.to_owned(), detail })
}

fn check_version(mut conn: Connection, path: &Path, site: &Site) -> Result<Connection, GraphError> {
    let number = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (found, known) = (number("user_version")?, migrate::LATEST);
    if number("application_id")? != i64::from(APPLICATION_ID) {
        return Err(GraphError::Damaged {
            path: path.to_owned(),
            detail: "it is another program's database".to_owned(),
        });
    }
    match (found, &site.backups) {
        (version, _) if version == known => {}
        (version, _) if version > known => return Err(GraphError::Newer { path: path.to_owned(), found, known }),
        (_, None) => return Err(GraphError::Older { path: path.to_owned(), found, known }),
        (_, Some(backups)) => {
            // What an agent has added to it would run while it is changed.
            refuse_foreign(&conn, found, path)?;
            migrate::upgrade_with_backup(&mut conn, found, backups)?;
        }
    }
    refuse_foreign(&conn, known, path)?;
    if conn.is_readonly("main")? {
        return Err(GraphError::ReadOnly { path: path.to_owned(), uid: rustix::process::geteuid().as_raw() });
    }
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_hands_a_graph_over_and_never_takes_it_back() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("graph");
        let owner = |path: &Path| fs::metadata(path).map(|found| (found.uid(), found.mode() & 0o7777)).unwrap();
        for (uid, expected) in [(0, 0), (65_534, 65_534), (0, 65_534)] {
            drop(Store::open(&Site::new(&folder, uid, uid).backups(root.path())).unwrap());
            assert_eq!(owner(&folder), (expected, 0o2770));
            assert_eq!(owner(&folder.join(FILE)), (expected, 0o660));
        }
    }

    #[test]
    fn an_older_graph_is_refused_where_no_copy_can_be_made() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("graph");
        let site = Site::new(&folder, 0, 0).backups(root.path().join("backups"));
        let mut conn = first_version(&folder);
        let refused = Store::open(&Site::new(&folder, 0, 0));
        assert!(matches!(refused, Err(GraphError::Older { found: 1, .. })), "{refused:?}");
        assert!(!root.path().join("backups").exists());
        // What is not bn's would run while the tables are changed.
        conn.execute_batch("CREATE TRIGGER x AFTER UPDATE ON tasks BEGIN DELETE FROM tasks; END").unwrap();
        assert!(matches!(Store::open(&site), Err(GraphError::Damaged { .. })));
        assert!(!root.path().join("backups").exists());
        conn.execute_batch("DROP TRIGGER x").unwrap();
        // On the host a copy comes first.
        drop(Store::open(&site).unwrap());
        assert!(root.path().join("backups/graph-v1.db").exists());
        let transaction = conn.transaction().unwrap();
        let statuses: String = transaction
            .query_row("SELECT group_concat(status, ' ' ORDER BY seq) FROM tasks", [], |row| row.get(0))
            .unwrap();
        assert_eq!(statuses, "open done");
        let found: i64 = transaction
            .query_row("SELECT rowid FROM words WHERE words MATCH '\"存 储\"'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(found, 2);
    }

    /// A graph as the first bn made it, with two tasks.
    fn first_version(folder: &Path) -> Connection {
        fs::create_dir(folder).unwrap();
        let mut conn = Connection::open(folder.join(FILE)).unwrap();
        conn.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        migrate::apply(&mut conn, &crate::graph::queries::MIGRATIONS[..1], |_| Ok(())).unwrap();
        let task = "INSERT INTO tasks (id, title, status, created_by, created_at, updated_at, closed_at) VALUES";
        conn.execute_batch(&format!(
            "{task} ('bn-1', 'A', 'open', 'x', 1, 1, NULL); {task} ('bn-2', '用SQLite存储', 'done', 'x', 1, 1, 1)"
        ))
        .unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        conn
    }
}
