//! The beginning and the end of a session.

use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::requests::{At, Request};
use crate::graph::store::{Farewell, Overview};

/// Registers the agent that asks, and answers with the page that it reads first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orient {}

impl Request for Orient {
    type Answer = Overview;
    const NAME: &'static str = "orient";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Overview, GraphError> {
        at.write(|writer| writer.overview(writer.register()?, at.actor.run(), at.now))
    }
}

/// Ends the session of the agent that asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goodbye {
    #[serde(default)]
    pub summary: String,
}

impl Request for Goodbye {
    type Answer = Farewell;
    const NAME: &'static str = "goodbye";
    const CHANGES: bool = true;

    fn perform(&self, at: &At) -> Result<Farewell, GraphError> {
        at.write(|writer| writer.goodbye(Some(&self.summary)))
    }
}
