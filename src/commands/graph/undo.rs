//! `bn undo`: one's own last change, taken back.

use std::fmt;

use serde::Serialize;

use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::log;
use crate::error::Failure;
use crate::graph::requests::Undo;
use crate::graph::store::Undone;

pub fn run(context: &Context) -> Result<(), Failure> {
    let undone = Graph::open(context)?.ask(&Undo {})?;
    Ok(context.output.print(&Shown(undone))?)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Shown(Undone);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event in &self.0.events {
            write!(f, "Undone: {}", event.kind.as_str().replace('_', " "))?;
            log::subject(f, event)?;
            writeln!(f)?;
        }
        Ok(())
    }
}
