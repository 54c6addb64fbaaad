//! `bn duplicates`: unfinished tasks that seem to say the same.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::DuplicatesArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::render;
use crate::error::Failure;
use crate::graph::model::text::line;
use crate::graph::requests;
use crate::graph::store::Duplicates;

pub fn run(args: &DuplicatesArgs, context: &Context) -> Result<(), Failure> {
    let found = Graph::open(context)?.ask(&requests::Duplicates { limit: args.limit })?;
    Ok(context.output.print(&Shown(found))?)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Shown(Duplicates);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.groups.is_empty() {
            return writeln!(f, "No two unfinished tasks have titles of the same words.");
        }
        for group in &self.0.groups {
            for task in group {
                writeln!(f, "{:<8} {} ({})", task.id, line(&task.title, 72), task.status.words())?;
            }
            if let [first, second, ..] = &group[..] {
                writeln!(f, "    the same? bn link add {} {} --type duplicates", second.id, first.id)?;
            }
        }
        render::and_more(f, self.0.total, self.0.groups.len(), "bn duplicates --limit 0")
    }
}
