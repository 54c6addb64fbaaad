//! `bn blocked`: what waits, and for what.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::BlockedArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::{render, wanted};
use crate::error::Failure;
use crate::graph::error::GraphError;
use crate::graph::model::task::{Brief, Named};
use crate::graph::model::text::line;
use crate::graph::queries::filter::{Filter, State};
use crate::graph::store::Reader;

pub fn run(args: BlockedArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let filter = wanted::wanted(args.which, Filter::default());
    let blocked = graph.read(|reader| Blocked::find(reader, &filter, args.limit))?;
    Ok(context.output.print(&blocked)?)
}

#[derive(Serialize)]
pub struct Blocked {
    tasks: Vec<Waiting>,
    total: u64,
}

impl Blocked {
    /// What is blocked of all that the filter lets through, each with what it waits for.
    pub fn find(reader: &Reader, filter: &Filter, limit: usize) -> Result<Self, GraphError> {
        let listed = reader.list(&Filter { states: vec![State::Blocked], ..filter.clone() }, limit)?;
        let with_reasons = listed.tasks.into_iter().map(|task| {
            let by = reader.dependencies(&task.id)?;
            Ok::<_, GraphError>(Waiting { task, blocked_by: by })
        });
        Ok(Self { tasks: with_reasons.collect::<Result<_, _>>()?, total: listed.total })
    }

    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

#[derive(Serialize)]
struct Waiting {
    #[serde(flatten)]
    task: Brief,
    blocked_by: Vec<Named>,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tasks.is_empty() {
            return writeln!(f, "Nothing is blocked.");
        }
        for waiting in &self.tasks {
            render::brief(f, &waiting.task)?;
            for task in &waiting.blocked_by {
                writeln!(f, "    depends_on {}  {} ({})", task.id, line(&task.title, 60), task.status.words())?;
            }
        }
        render::and_more(f, self.total, self.tasks.len(), "bn blocked --limit 0")
    }
}
