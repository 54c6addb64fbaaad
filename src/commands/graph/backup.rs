//! `bn backup`: a copy of the graph.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::graph::BackupArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::error::Failure;

pub fn run(args: &BackupArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let bytes = graph.here("no copy of the file is made")?.backup(&args.file)?;
    Ok(context.output.print(&Copied { file: args.file.clone(), bytes })?)
}

#[derive(Serialize)]
struct Copied {
    file: PathBuf,
    bytes: u64,
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Copied the graph to {} ({} KiB)", self.file.display(), self.bytes.div_ceil(1024))
    }
}
