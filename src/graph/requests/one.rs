//! Requests about one thing.

use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::Neighbour;
use crate::graph::model::tree::{Direction, Neighbourhood};
use crate::graph::requests::{At, Request};
use crate::graph::store::{Agent, Checkup, Detail, Reader};

/// Everything about one task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    pub id: String,
}

/// A task as it is shown.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    pub detail: Detail,
    /// The name of the run whose landing closes it.
    pub run: Option<String>,
}

impl Shown {
    pub fn of(reader: &Reader, id: &TaskId) -> Result<Self, GraphError> {
        let detail = reader.detail(id)?;
        Ok(Self { run: reader.run_of(&detail.task)?, detail })
    }
}

impl Request for Show {
    type Answer = Shown;
    const NAME: &'static str = "show";

    fn perform(&self, at: &At) -> Result<Shown, GraphError> {
        at.read(|reader| Shown::of(reader, &reader.resolve(&self.id)?))
    }
}

/// Anything that has an id.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Find {
    pub id: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    Task(Box<Shown>),
    Agent(Box<Agent>),
}

impl Request for Find {
    type Answer = Thing;
    const NAME: &'static str = "find";

    fn perform(&self, at: &At) -> Result<Thing, GraphError> {
        at.read(|reader| match reader.resolve(&self.id).and_then(|id| Shown::of(reader, &id)) {
            Err(error) if error.is_unknown_task() => {
                let agent = reader.agent_called(&self.id, at.now)?.ok_or_else(|| error.or_session())?;
                Ok(Thing::Agent(Box::new(agent)))
            }
            found => Ok(Thing::Task(Box::new(found?))),
        })
    }
}

/// A task's links.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinksOf {
    pub id: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Links {
    pub id: TaskId,
    pub links: Vec<Neighbour>,
}

impl Request for LinksOf {
    type Answer = Links;
    const NAME: &'static str = "links";

    fn perform(&self, at: &At) -> Result<Links, GraphError> {
        at.read(|reader| {
            let id = reader.resolve(&self.id)?;
            Ok(Links { links: reader.links_of(&id)?, id })
        })
    }
}

/// The tasks around one task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    pub id: String,
    pub direction: Direction,
}

impl Request for Draw {
    type Answer = Neighbourhood;
    const NAME: &'static str = "draw";

    fn perform(&self, at: &At) -> Result<Neighbourhood, GraphError> {
        at.read(|reader| reader.neighbourhood(&reader.resolve(&self.id)?, self.direction))
    }
}

/// Whether the graph is sound.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {}

impl Request for Check {
    type Answer = Checkup;
    const NAME: &'static str = "check";

    fn perform(&self, at: &At) -> Result<Checkup, GraphError> {
        at.store.checkup(at.actor, at.now, false)
    }
}
