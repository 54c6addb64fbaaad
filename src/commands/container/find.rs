//! The runs there are, and one by its name.

use crate::data_dir::DataDir;
use crate::output::Output;
use crate::run::record::RunError;
use crate::run::record::run_json::{Seen, all};

/// The runs of every repository. Records that cannot be read are named.
pub fn everything(data: &DataDir, output: Output) -> Result<Vec<Seen>, RunError> {
    let census = all(data.repositories())?;
    census.unreadable.iter().for_each(|error| output.note(format_args!("left out: {error}")));
    Ok(census.runs)
}

/// The newest run of that name; `known` are the names to offer where there is none.
pub fn find(seen: &[Seen], name: &str, known: &[String]) -> Result<Seen, RunError> {
    let found = seen.iter().rev().find(|run| run.record.name() == name);
    found.cloned().ok_or_else(|| RunError::Unknown { name: name.to_owned(), known: known.to_vec() })
}

/// The names of all runs, for verbs that work on ended ones too.
pub fn names(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(|run| run.record.name().to_owned()).collect()
}
