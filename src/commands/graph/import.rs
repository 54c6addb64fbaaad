//! `bn import`: what export wrote, read again.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::ImportArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::input;
use crate::error::Failure;
use crate::graph::model::record;
use crate::graph::store::Imported;

pub fn run(args: &ImportArgs, context: &Context) -> Result<(), Failure> {
    let records = record::parse(&input::text(args.file.as_deref())?)?;
    let graph = Graph::open(context)?;
    let imported = graph.write(|writer| writer.import(&records))?;
    Ok(context.output.print(&Answer { imported })?)
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    imported: Imported,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.imported)
    }
}
