//! `bn export`: everything, as JSON Lines.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::graph::ExportArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::error::Failure;
use crate::graph::error::GraphError;
use crate::graph::store::Exported;
use crate::output::Output;

pub fn run(args: &ExportArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    match args.file.as_deref().filter(|path| *path != Path::new("-")) {
        None => {
            let mut stdout = BufWriter::with_capacity(1 << 16, Stdout(context.output));
            graph.export(&mut stdout)?;
            Ok(stdout.flush()?)
        }
        Some(path) => {
            let counts = to_file(path, |file| graph.export(file))?;
            Ok(context.output.print(&Answer { file: path.to_owned(), counts })?)
        }
    }
}

/// A reader of the file sees the old one or the new one, whole.
fn to_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut tempfile::NamedTempFile>) -> Result<Exported, GraphError>,
) -> Result<Exported, GraphError> {
    let failed = |source| GraphError::File { verb: "write", path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::Builder::new().prefix(".bn-export-").tempfile_in(folder).map_err(failed)?;
    let mut buffer = BufWriter::new(&mut draft);
    let counts = write(&mut buffer)?;
    buffer.flush().map_err(failed)?;
    drop(buffer);
    draft.as_file().sync_all().map_err(failed)?;
    draft.persist(path).map_err(|error| failed(error.error))?;
    Ok(counts)
}

/// Standard output, as something to write to.
struct Stdout(Output);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Serialize)]
struct Answer {
    file: PathBuf,
    #[serde(flatten)]
    counts: Exported,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Exported {} to {}", self.counts, self.file.display())
    }
}
