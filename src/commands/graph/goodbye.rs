//! `bn goodbye`: the end of a session.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::GoodbyeArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::error::Failure;
use crate::graph::model::text::line;
use crate::graph::store::Farewell;

pub fn run(args: &GoodbyeArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let summary = args.summary.join(" ");
    let farewell = graph.write(|writer| writer.goodbye(Some(&summary)))?;
    Ok(context.output.print(&Goodbye(farewell))?)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Goodbye(Farewell);

impl fmt::Display for Goodbye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(session) = &self.0.session else {
            return writeln!(f, "No session is open here: there is nothing to end.");
        };
        if self.0.ended_before {
            return writeln!(f, "The session {} had ended before; its first summary stays.", session.id);
        }
        writeln!(f, "Goodbye, {}. The session {} has ended.", line(&session.name, 60), session.id)?;
        for task in &self.0.released {
            writeln!(f, "Released {}  {}", task.id, line(&task.title, 72))?;
        }
        Ok(())
    }
}
