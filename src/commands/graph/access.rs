//! From the place where a command was typed to the graph that is meant, and to who speaks.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::commands::Context;
use crate::data_dir::{DataDir, Mode, RepoId};
use crate::env;
use crate::error::Failure;
use crate::git::host::discover::{self, Place};
use crate::graph::error::GraphError;
use crate::graph::model::session::{Actor, Identity};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::requests::{At, Request};
use crate::graph::store::{Checkup, Reader, Site, Store, Writer};
use crate::output::Output;

/// What to do about rows that cannot be read.
const SET_ASIDE: &str =
    "hint: `bn doctor --fix` sets them aside and keeps them in a file; `bn restore` lists the copies there are";

/// An open graph, and the one who opened it.
#[derive(Debug)]
pub struct Graph {
    pub store: Store,
    pub actor: Actor,
    pub now: Timestamp,
    pub standing: Standing,
    output: Output,
}

/// Which graph this is, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    folder: PathBuf,
    #[serde(flatten)]
    mode: Mode,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.mode.container { "container" } else { "host" };
        write!(f, "{}, {mode} mode ({})", self.folder.display(), self.mode.because)
    }
}

impl Graph {
    pub fn open(context: &Context) -> Result<Self, Failure> {
        let data = DataDir::resolve(&context.env)?;
        let place = if data.in_container() { None } else { Some(discover::place(&context.env.directory)?) };
        let site = site(context, &data, place.as_ref());
        let standing = Standing { folder: site.folder().to_owned(), mode: data.mode() };
        let store = Store::open(&site)?;
        Ok(Self {
            store,
            actor: actor(context, place.as_ref()),
            now: Timestamp::from(env::now()),
            standing,
            output: context.output,
        })
    }

    /// Has a request carried out.
    pub fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, GraphError> {
        let answer = request.perform(&At { store: &self.store, actor: &self.actor, now: self.now });
        self.name_unread();
        answer
    }

    /// Checks everything, and mends what can be mended.
    pub fn mend(&self) -> Result<Checkup, GraphError> {
        self.store.checkup(&self.actor, self.now, true)
    }

    /// For what looks at every row.
    pub fn read_all<T>(&self, work: impl FnOnce(&Reader) -> Result<T, GraphError>) -> Result<T, GraphError> {
        let found = self.store.read_all(work);
        self.name_unread();
        found
    }

    pub fn write<T>(&self, work: impl FnOnce(&Writer) -> Result<T, GraphError>) -> Result<T, GraphError> {
        let done = self.store.write(&self.actor, self.now, work);
        self.name_unread();
        done
    }

    /// An answer that is not whole says so.
    fn name_unread(&self) {
        let unread = self.store.unread();
        if !unread.is_empty() {
            self.output.note(format_args!("Warning: {unread}"));
            self.output.note(SET_ASIDE);
        }
    }
}

/// Where the graph of a repository lives. Without a place it is the container's own.
pub fn site(context: &Context, data: &DataDir, place: Option<&Place>) -> Site {
    let user = &context.env.user;
    let repo = place.map(|place| RepoId::of(&place.main_worktree));
    let site = Site::new(data.graph(repo.as_ref()), user.uid, user.gid);
    match (place, repo) {
        (Some(place), Some(repo)) => {
            let name = place.main_worktree.file_name().unwrap_or(place.main_worktree.as_os_str());
            site.backups(data.graph_backups(&repo)).project(name.to_string_lossy())
        }
        _ => site,
    }
}

/// `BN_AGENT_ID` says who it is. On the host, an agent that was given none is the one of its name in its worktree.
fn actor(context: &Context, place: Option<&Place>) -> Actor {
    let env = &context.env;
    let name = env.agent_name.clone().unwrap_or_else(|| env.user.name.clone());
    let identity = match (&env.agent_id, place) {
        (Some(id), _) => Identity::Given(id.clone()),
        (None, Some(place)) => Identity::Place(place.top.to_string_lossy().into_owned()),
        (None, None) => Identity::Place(env.directory.to_string_lossy().into_owned()),
    };
    let agent_type = env.agent_type.as_deref().map(|word| if word == "coder" { "worker" } else { word }.to_owned());
    let container = if place.is_none() { env.agent_name.clone() } else { None };
    Actor { name, identity, agent_type, container }
}
