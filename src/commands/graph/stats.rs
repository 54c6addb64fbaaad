//! `bn stats`: how much there is of everything.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::error::Failure;
use crate::graph::model::text::{count, line};
use crate::graph::requests;
use crate::graph::store::Stats;
use crate::quantity;

pub fn run(context: &Context) -> Result<(), Failure> {
    let stats = Graph::open(context)?.ask(&requests::Stats {})?;
    Ok(context.output.print(&Shown(stats))?)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Shown(Stats);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = &self.0;
        if stats.tasks == 0 {
            return writeln!(f, "No tasks.");
        }
        writeln!(f, "{}: {}", count(stats.tasks, "task"), each(&stats.by_status, ""))?;
        if stats.by_priority.values().any(|number| *number > 0) {
            writeln!(f, "unfinished, by priority: {}", each(&stats.by_priority, "P"))?;
            writeln!(f, "unfinished, by type: {}", each(&stats.by_type, ""))?;
        }
        if !stats.tags.is_empty() {
            let tags = stats.tags.iter().map(|tag| format!("{} #{}", tag.tasks, line(&tag.tag, 64)));
            writeln!(f, "unfinished, by tag: {}", tags.collect::<Vec<_>>().join(", "))?;
        }
        if stats.estimate > 0 {
            writeln!(f, "estimated to take {}", quantity::spelled(Duration::from_secs(stats.estimate)))?;
        }
        if stats.overdue > 0 {
            writeln!(f, "{} overdue: bn task list --due-before now", stats.overdue)?;
        }
        writeln!(f, "in the last 7 days: {} created, {} closed", stats.created, stats.closed)
    }
}

fn each(counts: &BTreeMap<String, u64>, prefix: &str) -> String {
    counts
        .iter()
        .filter(|(_, number)| **number > 0)
        .map(|(name, number)| format!("{number} {prefix}{name}"))
        .collect::<Vec<_>>()
        .join(", ")
}
