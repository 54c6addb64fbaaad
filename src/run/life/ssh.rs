//! The keys of a run for ssh: made once, on the host. The client's stay in the run's own folder; the container sees the server's read-only.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::container::ssh::{
    AUTHORIZED, CLIENT_KEY, FOLDER, HOST_KEY, KNOWN_HOSTS, SERVER_CONFIG, host, server_config,
};
use crate::error::Failure;
use crate::process::{Cmd, Runner};
use crate::run::record::RunError;
use crate::run::record::folder::Folder;
use crate::run::record::store;
use crate::run::watch::status::CONTROL_INSIDE;

/// Where the server finds its configuration.
pub fn server_config_inside() -> PathBuf {
    Path::new(CONTROL_INSIDE).join(FOLDER).join(SERVER_CONFIG)
}

/// The client's files: its key, and the server's by which it knows that.
#[derive(Debug)]
pub struct Client {
    pub identity: PathBuf,
    pub known_hosts: PathBuf,
}

/// Makes what is missing.
pub fn prepare(run: &Folder, name: &str, runner: &Runner) -> Result<Client, Failure> {
    let (own, shown) = (run.path().join(FOLDER), run.control().join(FOLDER));
    let (known_hosts, authorized) = (own.join(KNOWN_HOSTS), shown.join(AUTHORIZED));
    // What is written last.
    if !known_hosts.exists() || !authorized.exists() {
        // Whoever makes them at the same time makes them whole, too, and one of both is first.
        let made = Made::new(run.path())?;
        made.keys(name, runner)?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| RunError::io("make", &path, source)
        };
        first(&made.client(), &own).map_err(failed(&own))?;
        first(&made.server(), &shown).map_err(failed(&shown))?;
        fit(&own, &shown, name).map_err(failed(&own))?;
    }
    Ok(Client { identity: own.join(CLIENT_KEY), known_hosts })
}

/// Puts a folder in its place, unless there is one.
fn first(made: &Path, place: &Path) -> io::Result<()> {
    match fs::rename(made, place) {
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty) => Ok(()),
        other => other,
    }
}

/// Says to each side which key the other has.
fn fit(own: &Path, shown: &Path, name: &str) -> io::Result<()> {
    let host_key = fs::read_to_string(shown.join(HOST_KEY).with_extension("pub"))?;
    let client_key = fs::read_to_string(own.join(CLIENT_KEY).with_extension("pub"))?;
    store::write_durably(&own.join(KNOWN_HOSTS), format!("{} {host_key}", host(name)).as_bytes(), 0o600)?;
    store::write_durably(&shown.join(AUTHORIZED), client_key.as_bytes(), 0o600)
}

/// Both folders, while they are being made.
struct Made(tempfile::TempDir);

impl Made {
    fn new(beside: &Path) -> Result<Self, RunError> {
        let made = tempfile::Builder::new().prefix("ssh-").tempdir_in(beside);
        Ok(Self(made.map_err(|source| RunError::io("make a folder in", beside, source))?))
    }

    fn client(&self) -> PathBuf {
        self.0.path().join("client")
    }

    fn server(&self) -> PathBuf {
        self.0.path().join("server")
    }

    fn keys(&self, name: &str, runner: &Runner) -> Result<(), Failure> {
        for (folder, key) in [(self.client(), CLIENT_KEY), (self.server(), HOST_KEY)] {
            store::create_private(&folder).map_err(|source| RunError::io("make", &folder, source))?;
            let make = Cmd::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", &host(name), "-f"]);
            runner.read(&make.arg(folder.join(key)))?;
        }
        let config = self.server().join(SERVER_CONFIG);
        let text = server_config(&Path::new(CONTROL_INSIDE).join(FOLDER));
        Ok(store::create_file(&config, text.as_bytes(), 0o600)
            .map_err(|source| RunError::io("write", &config, source))?)
    }
}
