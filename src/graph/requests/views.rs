//! Requests for a view of the whole graph, or of a part of it.

use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::outline::Outline;
use crate::graph::requests::{At, Request};
use crate::graph::store;

/// What is below a task, or below all that have children.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    #[serde(default)]
    pub id: Option<String>,
}

impl Request for Tree {
    type Answer = Outline;
    const NAME: &'static str = "tree";

    fn perform(&self, at: &At) -> Result<Outline, GraphError> {
        at.read(|reader| reader.outline(self.id.as_deref()))
    }
}

/// How much there is of everything.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stats {}

impl Request for Stats {
    type Answer = store::Stats;
    const NAME: &'static str = "stats";

    fn perform(&self, at: &At) -> Result<store::Stats, GraphError> {
        at.read(|reader| reader.stats(at.now))
    }
}

/// Tasks that seem to say the same.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duplicates {
    pub limit: usize,
}

impl Request for Duplicates {
    type Answer = store::Duplicates;
    const NAME: &'static str = "duplicates";

    fn perform(&self, at: &At) -> Result<store::Duplicates, GraphError> {
        at.read(|reader| reader.duplicates(self.limit))
    }
}
