//! What a command reads besides its command line.

use std::io::{self, Read};
use std::path::Path;

use crate::graph::error::GraphError;

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
