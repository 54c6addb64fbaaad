//! `bn import`: what export wrote, read again.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::ImportArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::input;
use crate::error::Failure;
use crate::graph::model::record;
use crate::graph::model::text::line;
use crate::graph::store::Imported;

const NOTHING: &str = "nothing is imported";

pub fn run(args: &ImportArgs, context: &Context) -> Result<(), Failure> {
    let text = input::text(args.file.as_deref())?;
    // Some programs begin a file with a mark of its byte order.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let imported = match args.from {
        None => {
            let records = record::parse(text)?;
            Graph::open(context)?.write(NOTHING, |writer| writer.import(&records))?
        }
        Some(source) => {
            let issues = source.parse(text)?;
            Graph::open(context)?.write(NOTHING, |writer| writer.import_issues(source, &issues))?
        }
    };
    Ok(context.output.print(&Answer { imported })?)
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    imported: Imported,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.imported)?;
        self.imported.left_out.iter().try_for_each(|link| writeln!(f, "  left out: {}", line(link, 200)))
    }
}
