//! What a run is going to be, before any of it is there.

use std::path::PathBuf;

use crate::container::ctr::Flags;
use crate::env::{Env, Privilege, TimeZone, UserTerminal};
use crate::run::engine::Engine;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::RunSpec;
use crate::run::record::secrets::Secrets;
use crate::run::watch::wall;

/// A run that is resolved and not begun: what its record keeps, and what only its start needs.
#[derive(Debug)]
pub struct Plan {
    pub spec: RunSpec,
    pub folder: Folder,
    /// The runs of all repositories are below it.
    pub repositories: PathBuf,
    pub secrets: Secrets,
    /// The keys that the proxy adds, by the names of their endpoints.
    pub model_keys: Secrets,
    /// The user's git hooks do not run in the container.
    pub no_hooks: bool,
    /// What the agent remembers of this worktree goes first.
    pub fresh: bool,
    /// Copies of the user's settings that the agent gets: paths in its folder, and what is in them.
    pub settings: Vec<(PathBuf, Vec<u8>)>,
    /// The user's own seccomp profile in place of bn's.
    pub seccomp: Option<Vec<u8>>,
    /// The folder with Copilot's configuration, where the agent gets it.
    pub copilot_config: Option<PathBuf>,
    /// The socket of the user's SSH agent, where the agent gets it.
    pub ssh_agent: Option<PathBuf>,
    pub time_zone: TimeZone,
    /// The terminal that the agent gets, where it gets one.
    pub terminal: Option<UserTerminal>,
    pub host: Host,
}

/// What this host offers to a container.
#[derive(Debug)]
pub struct Host {
    /// `ctr run` has --hostname.
    pub hostname_flag: bool,
    /// `ctr run` has --rlimit-nofile.
    pub rlimit_flag: bool,
    /// The AppArmor profile that containers get.
    pub apparmor: Option<String>,
    /// `ctr` runs as an ordinary user, and not as root.
    pub as_user: bool,
}

impl Host {
    pub fn of(engine: &Engine, env: &Env, flags: Flags) -> Self {
        Self {
            hostname_flag: flags.hostname,
            rlimit_flag: flags.rlimit,
            apparmor: wall::apparmor_here(env).profile(),
            as_user: !engine.ctr.needs_root && env.privilege == Privilege::Ordinary,
        }
    }
}
