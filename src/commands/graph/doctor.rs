//! `bn doctor`: is the graph sound?

use std::fmt;

use serde::Serialize;

use crate::cli::graph::DoctorArgs;
use crate::commands::graph::access::{Graph, Standing};
use crate::commands::{Context, Exit};
use crate::error::Failure;
use crate::graph::error::REFUSED;
use crate::graph::requests::Check;
use crate::graph::store::Checkup;

pub fn run(args: &DoctorArgs, context: &Context) -> Result<Exit, Failure> {
    let graph = Graph::open(context)?;
    let checkup = if args.fix {
        graph.here("the graph is not mended")?.checkup(&graph.actor, graph.now, true)?
    } else {
        graph.ask(&Check {})?
    };
    let well = checkup.is_well();
    context.output.print(&Answer { well, checkup, graph: graph.standing })?;
    Ok(if well { Exit::DONE } else { Exit(REFUSED) })
}

#[derive(Serialize)]
struct Answer {
    well: bool,
    #[serde(flatten)]
    checkup: Checkup,
    graph: Standing,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.checkup.findings {
            let what_next = match (finding.mended, finding.mendable) {
                (true, _) => "mended",
                (false, true) => "`bn doctor --fix` mends it",
                (false, false) => "cannot be mended here",
            };
            writeln!(f, "✗ {} ({what_next})", finding.message)?;
        }
        if let Some(file) = &self.checkup.kept {
            writeln!(f, "What was set aside is kept in {}", file.display())?;
        }
        if self.checkup.findings.iter().any(|finding| ["rows", "pages", "loss"].contains(&&*finding.check)) {
            writeln!(f, "hint: `bn restore` lists the copies there are; `bn export FILE` saves what can be read")?;
        }
        if self.checkup.findings.is_empty() {
            writeln!(f, "✓ The graph is sound: {}.", self.checkup.seen)?;
        }
        writeln!(f, "  The graph is {}.", self.graph)
    }
}
