//! `bn search`: tasks by their words.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::SearchArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::render;
use crate::error::Failure;
use crate::graph::requests::Search;
use crate::graph::store::Found;

pub fn run(args: &SearchArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let words = args.words.join(" ");
    let found = graph.ask(&Search { words: words.clone(), limit: args.limit })?;
    Ok(context.output.print(&Answer { words, found })?)
}

#[derive(Serialize)]
struct Answer {
    words: String,
    #[serde(flatten)]
    found: Found,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.found.tasks.is_empty() {
            return writeln!(f, "No task has these words.");
        }
        for hit in &self.found.tasks {
            render::brief(f, &hit.task)?;
            if let Some(snippet) = &hit.snippet {
                writeln!(f, "    {snippet}")?;
            }
        }
        render::and_more(f, self.found.total, self.found.tasks.len(), "more words, or --limit 0")
    }
}
