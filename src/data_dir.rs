//! Where files are, on the host and in a container. Decided here, once; nothing else asks the environment for it.

mod mode;

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::env::Env;
use crate::error::Explain;

pub use mode::Mode;

/// Where the graph's folder is mounted in a container.
pub const IN_CONTAINER: &str = "/binnacle";
/// The socket's name in that folder, where somebody outside holds the graph.
pub const GRAPH_SOCKET: &str = "graph.sock";

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("no home folder is known for uid {uid}")]
    NoHome { uid: u32 },
}

impl Explain for DataDirError {
    fn hints(&self) -> Vec<String> {
        vec!["set HOME, or XDG_DATA_HOME and XDG_STATE_HOME".to_owned()]
    }
}

/// The name of a repository's folders: 16 hex digits of the sha256 of its main worktree's canonical path.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct RepoId(String);

impl RepoId {
    /// `main_worktree` is the first entry of `git worktree list`, canonical.
    pub fn of(main_worktree: &Path) -> Self {
        use std::os::unix::ffi::OsStrExt;
        let digest = Sha256::digest(main_worktree.as_os_str().as_bytes());
        Self(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The three roots below which `bn` keeps what it writes.
#[derive(Clone, Debug)]
pub struct DataDir {
    data: PathBuf,
    state: PathBuf,
    runtime: Option<PathBuf>,
    mode: Mode,
}

impl DataDir {
    pub fn resolve(env: &Env) -> Result<Self, DataDirError> {
        let binnacle = |folder: &Option<PathBuf>| match folder {
            Some(folder) => Ok(folder.join("binnacle")),
            None => Err(DataDirError::NoHome { uid: env.user.uid }),
        };
        let mode = Mode::of(env);
        Ok(Self {
            data: if mode.container { PathBuf::from(IN_CONTAINER) } else { binnacle(&env.data_home)? },
            // Never the folder that all agents of a repository can write to. Nothing is kept there in a container.
            state: match binnacle(&env.state_home) {
                Err(_) if mode.container => PathBuf::from("/tmp/binnacle"),
                folder => folder?,
            },
            runtime: env.runtime_dir.as_ref().map(|folder| folder.join("binnacle")),
            mode,
        })
    }

    /// All that is kept, and all that goes with a run, is below these.
    pub fn roots(&self) -> impl Iterator<Item = &Path> {
        [&self.data, &self.state].into_iter().chain(&self.runtime).map(PathBuf::as_path)
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// In a container there is one graph, and no repository has to be found for it.
    pub fn in_container(&self) -> bool {
        self.mode.container
    }

    /// The folder that holds a repository's `graph.db`. `None` is for a container.
    pub fn graph(&self, repo: Option<&RepoId>) -> PathBuf {
        match repo {
            Some(repo) if !self.mode.container => self.data.join(repo.as_str()),
            _ => self.data.clone(),
        }
    }

    /// In a container: the socket on which the run's owner answers for the graph, where there is one.
    pub fn graph_socket(&self) -> Option<PathBuf> {
        let socket = self.data.join(GRAPH_SOCKET);
        let is_socket = || fs::symlink_metadata(&socket).is_ok_and(|found| found.file_type().is_socket());
        (self.mode.container && is_socket()).then_some(socket)
    }

    /// Where copies of a repository's graph are kept: beside it, never inside what containers mount.
    pub fn graph_backups(&self, repo: &RepoId) -> PathBuf {
        self.data.join("backups").join(repo.as_str())
    }

    /// The folders of package managers' caches, one for each repository. Containers mount these, and nothing beside them.
    pub fn all_caches(&self) -> PathBuf {
        self.data.join("caches")
    }

    pub fn caches(&self, repo: &RepoId) -> PathBuf {
        self.all_caches().join(repo.as_str())
    }

    /// What the user's agents sign in with. No container mounts it.
    pub fn logins(&self) -> PathBuf {
        self.data.join("logins")
    }

    /// What agents remember: a folder for each repository, in it one for each worktree, in it one for each agent program.
    pub fn all_agents(&self) -> PathBuf {
        self.data.join("agents")
    }

    pub fn agents(&self, repo: &RepoId) -> PathBuf {
        self.all_agents().join(repo.as_str())
    }

    /// Where an agent program keeps what it remembers of a worktree. `git_dir` is the worktree's, which stays when that is moved.
    pub fn agent_home(&self, repo: &RepoId, git_dir: &Path, program: &str) -> PathBuf {
        self.agents(repo).join(RepoId::of(git_dir).as_str()).join(program)
    }

    /// The folders with the names of repositories in one of the above.
    pub fn repositories_in(folder: &Path) -> std::io::Result<Vec<RepoId>> {
        let found = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let names = found.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names = names.collect::<std::io::Result<Vec<_>>>()?;
        Ok(names.into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit())).map(RepoId).collect())
    }

    /// The state of all repositories, one folder each.
    pub fn repositories(&self) -> &Path {
        &self.state
    }

    /// Which flags the machine's `ctr` has.
    pub fn ctr_flags(&self) -> PathBuf {
        self.state.join(".ctr-flags.json")
    }

    /// The folder of a repository's runs.
    pub fn runs(&self, repo: &RepoId) -> PathBuf {
        self.state.join(repo.as_str()).join("runs")
    }

    /// The project's image definition as it was built last.
    pub fn last_definition(&self, repo: &RepoId) -> PathBuf {
        self.state.join(repo.as_str()).join("image/Containerfile")
    }

    /// The images that were built for the repository, a line each.
    pub fn built(&self, repo: &RepoId) -> PathBuf {
        self.state.join(repo.as_str()).join("image/built")
    }

    /// What the user has confirmed of the project's settings.
    pub fn confirmed(&self, repo: &RepoId) -> PathBuf {
        self.state.join(repo.as_str()).join("confirmed.json")
    }

    /// A run's own folder.
    pub fn run(&self, repo: &RepoId, name: &str) -> PathBuf {
        self.runs(repo).join(name)
    }

    /// The short-lived folder of a run: secrets and sockets. Below the run's own folder where the system has no better place.
    pub fn runtime(&self, repo: &RepoId, name: &str) -> PathBuf {
        match &self.runtime {
            Some(root) => root.join(name),
            None => self.run(repo, name).join("runtime"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_named_as_sha256sum_names_its_path() {
        // printf %s /srv/project | sha256sum | cut -c1-16
        assert_eq!(RepoId::of(Path::new("/srv/project")).as_str(), "4f3f91f6b0b47e3b");
    }
}
