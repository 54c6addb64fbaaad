//! What a command reads besides its command line.

use std::io::{self, Read};
use std::path::Path;

use crate::cli::fields::FieldArgs;
use crate::env;
use crate::error::{Failure, Usage};
use crate::graph::error::GraphError;
use crate::graph::model::field_set::FieldChanges;
use crate::graph::model::fields::Kind;

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

/// Standard input in the place of values that are `-`. It can be read once.
#[derive(Debug, Default)]
pub struct Stdin {
    read_for: Option<&'static str>,
}

impl Stdin {
    /// The value of a flag: as it was typed, or what standard input says.
    pub fn value(&mut self, flag: &'static str, typed: String) -> Result<String, Failure> {
        if typed != "-" {
            return Ok(typed);
        }
        match self.read_for.replace(flag) {
            Some(other) => Err(Usage::new(format!("{other} - and {flag} -: standard input can be read once")).into()),
            None => Ok(text(None)?.trim_end().to_owned()),
        }
    }

    /// The optional fields that were named on the command line.
    pub fn fields(&mut self, args: FieldArgs) -> Result<FieldChanges, Failure> {
        let now = env::now();
        let mut changes = FieldChanges::default();
        for (field, typed) in args.0 {
            let typed = if field.kind == Kind::Text { self.value(field.flag, typed)? } else { typed };
            changes.set(field, field.parse(field.flag, &typed, now)?);
        }
        Ok(changes)
    }
}
