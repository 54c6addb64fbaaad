//! What a run is going to be, before any of it is there.

use std::path::PathBuf;

use crate::env::User;
use crate::git::host::checkout::Checkout;
use crate::git::host::target::Target;
use crate::graph::store::Site;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::RunSpec;
use crate::run::record::secrets::Secrets;

/// A run that is resolved and not begun.
#[derive(Debug)]
pub struct Plan {
    pub spec: RunSpec,
    pub checkout: Checkout,
    pub target: Target,
    /// The user's git hooks do not run in the container.
    pub no_hooks: bool,
    pub folder: Folder,
    /// The runs of all repositories are below it.
    pub repositories: PathBuf,
    pub secrets: Secrets,
    pub user: User,
    pub graph: Site,
    /// Where the graph is copied to, out of the container's reach.
    pub graph_copies: PathBuf,
    /// The user's own seccomp profile in place of bn's.
    pub seccomp: Option<Vec<u8>>,
}
