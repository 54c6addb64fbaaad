//! Which graph a command is about, and in whose name it speaks, from the place where it was typed.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::commands::Context;
use crate::data_dir::{DataDir, IN_CONTAINER, Mode, RepoId};
use crate::env;
use crate::error::Failure;
use crate::git::host::discover::{self, Place};
use crate::graph::door::Client;
use crate::graph::error::GraphError;
use crate::graph::model::rights::{Rights, Rule};
use crate::graph::model::session::{Actor, Identity};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::requests::{At, Request};
use crate::graph::store::{Exported, Site, Store, Unread, Writer};
use crate::output::Output;

/// What to do about rows that cannot be read.
const SET_ASIDE: &str =
    "hint: `bn doctor --fix` sets them aside and keeps them in a file; `bn restore` lists the copies there are";

/// An open graph, and the one who opened it.
#[derive(Debug)]
pub struct Graph {
    held: Held,
    pub actor: Actor,
    pub now: Timestamp,
    pub standing: Standing,
    output: Output,
}

/// The process that has the graph open.
#[derive(Debug)]
enum Held {
    /// This process, which has opened its file.
    Here(Box<Store>),
    /// The owner of the run in whose container this is.
    ByOwner(Client),
}

/// Which graph this is, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    folder: PathBuf,
    #[serde(flatten)]
    mode: Mode,
}

impl Standing {
    /// What it is to the agent of a run.
    pub fn of_run() -> Self {
        Self { folder: IN_CONTAINER.into(), mode: Mode::OF_RUN }
    }
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
        let actor = actor(context, place.as_ref());
        let held = match data.graph_socket() {
            Some(socket) => Held::ByOwner(client(socket, &actor)),
            None => Held::Here(Box::new(Store::open(&site)?)),
        };
        Ok(Self { held, actor, now: Timestamp::from(env::now()), standing, output: context.output })
    }

    /// Carries a request out, here or in the owner of the run.
    pub fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, GraphError> {
        match &self.held {
            Held::Here(store) => {
                let answer = request.perform(&At { store, actor: &self.actor, now: self.now });
                self.name(&store.unread());
                answer
            }
            Held::ByOwner(owner) => {
                let as_now = Client { agent_type: self.actor.agent_type.clone(), ..owner.clone() };
                self.told(as_now.ask(request))
            }
        }
    }

    /// Writes everything down, line by line.
    pub fn export(&self, to: &mut impl Write) -> Result<Exported, GraphError> {
        match &self.held {
            Held::Here(store) => {
                let counts = store.read_all(|reader| reader.export(to));
                self.name(&store.unread());
                counts
            }
            Held::ByOwner(owner) => self.told(owner.export(to)),
        }
    }

    /// Changes that are no agent's to make.
    pub fn write<T>(&self, what: &str, work: impl FnOnce(&Writer) -> Result<T, GraphError>) -> Result<T, GraphError> {
        let store = self.here(what)?;
        let done = store.write(&self.actor, self.now, work);
        self.name(&store.unread());
        done
    }

    /// The file itself, for what is done on the host alone.
    pub fn here(&self, what: &str) -> Result<&Store, GraphError> {
        match &self.held {
            Held::Here(store) => Ok(store),
            Held::ByOwner(_) => Err(GraphError::Refused { what: what.to_owned(), rule: Rule::OfTheHost }),
        }
    }

    fn told<T>(&self, answer: Result<(T, Unread), GraphError>) -> Result<T, GraphError> {
        let (answer, unread) = answer?;
        self.name(&unread);
        Ok(answer)
    }

    /// An answer that is not whole says so.
    fn name(&self, unread: &Unread) {
        if !unread.is_empty() {
            self.output.note(format_args!("Warning: {unread}"));
            self.output.note(SET_ASIDE);
        }
    }
}

fn client(socket: PathBuf, actor: &Actor) -> Client {
    Client { socket, label: actor.name.clone(), agent_type: actor.agent_type.clone() }
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
    Actor { name, identity, agent_type, container, label: None, rights: Rights::All }
}
