//! `bn goodbye`: the end of a session.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::GoodbyeArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::error::Failure;
use crate::graph::model::text::line;
use crate::graph::requests;
use crate::graph::store::Farewell;

pub fn run(args: &GoodbyeArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let summary = args.summary.join(" ");
    let farewell = graph.ask(&requests::Goodbye { summary: summary.clone() })?;
    Ok(context.output.print(&Goodbye { farewell, with_words: !summary.trim().is_empty() })?)
}

#[derive(Serialize)]
struct Goodbye {
    #[serde(flatten)]
    farewell: Farewell,
    /// Somebody wanted to leave a summary.
    #[serde(skip)]
    with_words: bool,
}

impl fmt::Display for Goodbye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(session) = &self.farewell.session else {
            return writeln!(f, "No session is open here: there is nothing to end.");
        };
        // The end of a run says goodbye for every agent, also for one that did so itself.
        if self.farewell.ended_before && !self.with_words {
            return Ok(());
        }
        if self.farewell.ended_before {
            return writeln!(f, "The session {} had ended before; its first summary stays.", session.id);
        }
        writeln!(f, "Goodbye, {}. The session {} has ended.", line(&session.name, 60), session.id)?;
        for task in &self.farewell.released {
            writeln!(f, "Released {}  {}", task.id, line(&task.title, 72))?;
        }
        Ok(())
    }
}
