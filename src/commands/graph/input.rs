//! What a command reads besides its command line.

use std::io::{self, Read};
use std::path::Path;

use crate::cli::fields::FieldArgs;
use crate::env;
use crate::error::Usage;
use crate::graph::error::GraphError;
use crate::graph::model::fields::FieldChanges;

/// The whole of a file, or of standard input where none is named.
pub fn text(file: Option<&Path>) -> Result<String, GraphError> {
    let failed = |path: &Path, source| GraphError::File { verb: "read", path: path.to_owned(), source };
    match file.filter(|path| *path != Path::new("-")) {
        Some(path) => std::fs::read_to_string(path).map_err(|source| failed(path, source)),
        None => {
            let mut text = String::new();
            let read: io::Result<usize> = io::stdin().lock().read_to_string(&mut text);
            read.map_err(|source| failed(Path::new("standard input"), source))?;
            Ok(text)
        }
    }
}

/// The optional fields that were named on the command line.
pub fn fields(args: &FieldArgs) -> Result<FieldChanges, Usage> {
    let now = env::now();
    let mut changes = FieldChanges::default();
    for (field, typed) in &args.0 {
        changes.set(field, field.parse(field.flag, typed, now)?);
    }
    Ok(changes)
}
