//! Requests that are answered by a list.

use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::task::{Brief, Named};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::filter::{Filter, State};
use crate::graph::requests::{At, Request};
use crate::graph::store::{self, Found, Listed, Logged, Reader};

/// What can be worked on now.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    #[serde(default)]
    pub filter: Filter,
    pub limit: usize,
}

impl Request for Ready {
    type Answer = Listed;
    const NAME: &'static str = "ready";

    fn perform(&self, at: &At) -> Result<Listed, GraphError> {
        at.read(|reader| reader.ready(&self.filter, self.limit, at.actor.run(), at.now))
    }
}

/// What can be worked on now, and why the rest cannot.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    #[serde(default)]
    pub filter: Filter,
    pub limit: usize,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Explained {
    #[serde(flatten)]
    pub ready: Listed,
    pub landing: Listed,
    pub deferred: Listed,
    pub blocked: Blocked,
}

impl Request for Explain {
    type Answer = Explained;
    const NAME: &'static str = "explain";

    fn perform(&self, at: &At) -> Result<Explained, GraphError> {
        at.read(|reader| {
            let of = |state| Filter { states: vec![state], ..self.filter.clone() };
            Ok(Explained {
                ready: reader.ready(&self.filter, self.limit, at.actor.run(), at.now)?,
                landing: reader.list(&of(State::Landing), self.limit, at.now)?,
                deferred: reader.list(&of(State::Deferred), self.limit, at.now)?,
                blocked: blocked(reader, &self.filter, self.limit, at.now)?,
            })
        })
    }
}

/// Tasks by a filter.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    #[serde(default)]
    pub filter: Filter,
    pub limit: usize,
}

impl Request for List {
    type Answer = Listed;
    const NAME: &'static str = "list";

    fn perform(&self, at: &At) -> Result<Listed, GraphError> {
        at.read(|reader| reader.list(&self.filter, self.limit, at.now))
    }
}

/// What is blocked, and by what.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatWaits {
    #[serde(default)]
    pub filter: Filter,
    pub limit: usize,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Blocked {
    pub tasks: Vec<Waiting>,
    pub total: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Waiting {
    #[serde(flatten)]
    pub task: Brief,
    pub blocked_by: Vec<Named>,
}

impl Request for WhatWaits {
    type Answer = Blocked;
    const NAME: &'static str = "blocked";

    fn perform(&self, at: &At) -> Result<Blocked, GraphError> {
        at.read(|reader| blocked(reader, &self.filter, self.limit, at.now))
    }
}

/// What is blocked of all that the filter lets through, each with what it waits for.
fn blocked(reader: &Reader, filter: &Filter, limit: usize, now: Timestamp) -> Result<Blocked, GraphError> {
    let listed = reader.list(&Filter { states: vec![State::Blocked], ..filter.clone() }, limit, now)?;
    let with_reasons = listed.tasks.into_iter().map(|task| {
        let by = reader.dependencies(&task.id)?;
        Ok::<_, GraphError>(Waiting { task, blocked_by: by })
    });
    Ok(Blocked { tasks: with_reasons.collect::<Result<_, _>>()?, total: listed.total })
}

/// Tasks by their words.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    pub words: String,
    pub limit: usize,
}

impl Request for Search {
    type Answer = Found;
    const NAME: &'static str = "search";

    fn perform(&self, at: &At) -> Result<Found, GraphError> {
        at.read(|reader| reader.search(&self.words, self.limit))
    }
}

/// The latest changes: all of them, a task's, a session's, or a run's.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    #[serde(default)]
    pub id: Option<String>,
    /// The name of a run.
    #[serde(default)]
    pub run: Option<String>,
    pub limit: usize,
}

impl Request for Log {
    type Answer = Logged;
    const NAME: &'static str = "log";

    fn perform(&self, at: &At) -> Result<Logged, GraphError> {
        at.read(|reader| match &self.run {
            Some(run) => reader.log_of_run(run, self.limit),
            None => reader.log(self.id.as_deref(), self.limit),
        })
    }
}

/// Who works here, or ever did.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agents {
    #[serde(default)]
    pub all: bool,
    pub limit: usize,
}

impl Request for Agents {
    type Answer = store::Agents;
    const NAME: &'static str = "agents";

    fn perform(&self, at: &At) -> Result<store::Agents, GraphError> {
        at.read(|reader| reader.agents(self.all, self.limit, at.now))
    }
}
