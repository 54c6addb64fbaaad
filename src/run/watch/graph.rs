//! The graph of a run's container: its owner answers what the agent asks, for as long as it works.

use std::path::{Path, PathBuf};

use crate::data_dir::IN_CONTAINER;
use crate::env;
use crate::graph::door::{Door, DoorSpec};
use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::rights::{Rights, RunRights, Scope};
use crate::graph::model::session::{Actor, Identity};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::store::{Site, copies};
use crate::run::record::folder::Folder;
use crate::run::record::graph_access::GraphAccess;
use crate::run::record::run_json::RunSpec;

/// In the container: the folder with the owner's socket, or with the graph itself.
pub const INSIDE: &str = IN_CONTAINER;

/// The folder of the socket on the host.
pub fn folder(runtime: &Path) -> PathBuf {
    runtime.join("graph")
}

/// Where a run's graph is. With its copies beside it, an agent that removed it is found out.
pub fn site(spec: &RunSpec) -> Site {
    let repository = &spec.checkout.main_worktree;
    let project = repository.file_name().unwrap_or(repository.as_os_str()).to_string_lossy();
    let site = Site::new(&spec.graph, spec.uid, spec.gid).project(project);
    match copies::beside(&spec.graph) {
        Some(copies) => site.backups(copies),
        None => site,
    }
}

/// Begins to answer. It ends with the value that is returned.
pub fn open(spec: &RunSpec, run: &Folder) -> Result<Option<Door>, GraphError> {
    let Some(scope) = scope(&spec.graph_access) else { return Ok(None) };
    let door = Door::open(DoorSpec {
        folder: folder(&spec.runtime),
        answers: run.path().to_owned(),
        site: site(spec),
        actor: agent(spec, scope),
        uid: spec.uid,
        clock: || Timestamp::from(env::now()),
    })?;
    Ok(Some(door))
}

/// The agent of a run, with what it may change.
pub fn agent(spec: &RunSpec, scope: Scope) -> Actor {
    Actor {
        name: spec.name.clone(),
        identity: Identity::Given(spec.session.clone()),
        agent_type: Some(spec.agent_type.name().to_owned()),
        container: Some(spec.name.clone()),
        label: None,
        rights: Rights::Run(RunRights { scope, used: Default::default() }),
    }
}

/// What it may change by asking. `None`: it has the file.
pub fn scope(access: &GraphAccess) -> Option<Scope> {
    match access {
        GraphAccess::Agent => Some(Scope::Everything),
        GraphAccess::ReadOnly => Some(Scope::Nothing),
        GraphAccess::Below(id) => Some(Scope::Below(TaskId::known(id.clone()))),
        GraphAccess::Files => None,
    }
}
