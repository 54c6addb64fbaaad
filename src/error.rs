//! From an error to what the user sees: `Error:`, its causes, its hints, and the exit code.

use std::fmt;

use serde::Serialize;

use crate::output::Output;
use crate::sanitize;

/// Exit code of wrong use that the command line alone shows.
pub const USAGE: u8 = 2;
/// Exit code where an agent's work did not go to its target, and is kept.
pub const NOT_MERGED: u8 = 3;
/// Exit code when `bn`, or a program that it drives, failed.
pub const FAILED: u8 = 125;

/// What an error knows beyond its message.
pub trait Explain: std::error::Error {
    /// What to do next, one line each, most useful first.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }

    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// Wrong use: the command line alone shows that it cannot work.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Usage {
    pub message: String,
    pub hints: Vec<String>,
}

impl Usage {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new() }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl Explain for Usage {
    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }

    fn exit_code(&self) -> u8 {
        USAGE
    }
}

impl Explain for std::io::Error {}

/// Any room's error on its way to the screen, with its hints, its exit code and its causes.
#[derive(Debug)]
pub struct Failure(Box<dyn Explain + Send + Sync>);

impl Failure {
    /// Whether it is an error of this room's.
    pub fn is<E: std::error::Error + 'static>(&self) -> bool {
        self.find::<E>().is_some()
    }

    /// The error, where it is one of this room's.
    pub fn find<E: std::error::Error + 'static>(&self) -> Option<&E> {
        let error: &(dyn std::error::Error + 'static) = &*self.0;
        error.downcast_ref()
    }

    pub fn hints(&self) -> Vec<String> {
        self.0.hints()
    }

    pub fn exit_code(&self) -> u8 {
        self.0.exit_code()
    }
}

impl<E: Explain + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// What was being done when another error came, in words alone.
#[derive(Debug)]
struct InWords(anyhow::Error);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for InWords {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Explain for InWords {
    fn hints(&self) -> Vec<String> {
        self.0.downcast_ref::<Failure>().map(Failure::hints).unwrap_or_default()
    }

    fn exit_code(&self) -> u8 {
        self.0.downcast_ref::<Failure>().map_or(FAILED, Failure::exit_code)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        InWords(error).into()
    }
}

#[derive(Serialize)]
struct JsonError<'a> {
    error: String,
    causes: Vec<String>,
    hints: &'a [String],
    exit_code: u8,
}

/// Prints the failure on standard error, as JSON where the user asked for it, and returns the exit code.
pub fn report(failure: &Failure, output: &Output) -> u8 {
    let (hints, exit_code) = (failure.hints(), failure.exit_code());
    let message = failure.to_string();
    let causes = distinct_causes(failure, &message);
    if output.is_json() {
        let json = JsonError { error: message, causes, hints: &hints, exit_code };
        let text = serde_json::to_string(&json).unwrap_or_else(|_| failure.to_string());
        output.note(sanitize::json(&text));
    } else {
        output.note(format_args!("Error: {message}"));
        causes.iter().for_each(|cause| output.note(format_args!("  caused by: {cause}")));
        hints.iter().for_each(|hint| output.note(format_args!("hint: {hint}")));
    }
    exit_code
}

/// A failure as one sentence, with what caused it: `cannot make FOLDER: No space left on device`.
pub fn in_one_sentence(failure: &Failure) -> String {
    let message = failure.to_string();
    let causes = distinct_causes(failure, &message);
    let first_lines = causes.iter().filter_map(|cause| cause.lines().next());
    first_lines.fold(message, |said, cause| format!("{said}: {cause}"))
}

/// The causes that say something their parent has not said already.
fn distinct_causes(failure: &Failure, message: &str) -> Vec<String> {
    let mut said = message.to_owned();
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said.clone_from(&text);
            causes.push(text);
        }
        cause = error.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_sentence_has_each_cause_once() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let nested = anyhow::Error::from(full()).context("cannot make a");
        assert_eq!(in_one_sentence(&nested.into()), "cannot make a: no storage space");
        let said_already = Err::<(), _>(full()).context("cannot make a: no storage space").unwrap_err();
        assert_eq!(in_one_sentence(&said_already.into()), "cannot make a: no storage space");
        let of_lines = anyhow::anyhow!("one\ntwo").context("git failed");
        assert_eq!(in_one_sentence(&of_lines.into()), "git failed: one");
    }
}
