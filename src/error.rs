//! From an error to what the user sees: `Error:`, its causes, its hints, and the exit code.

use serde::Serialize;

use crate::harmless;
use crate::output::Output;

/// Exit code of wrong use that the command line alone shows.
pub const USAGE: u8 = 2;
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

/// The first cause in the chain that knows hints or an exit code. Every room's error type is named here.
fn explanation(error: &anyhow::Error) -> Option<&dyn Explain> {
    fn known<'a, E: Explain + 'static>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a dyn Explain> {
        cause.downcast_ref::<E>().map(|found| found as &dyn Explain)
    }
    error.chain().find_map(|cause| {
        known::<Usage>(cause)
            .or_else(|| known::<crate::env::EnvError>(cause))
            .or_else(|| known::<crate::process::ProcessError>(cause))
            .or_else(|| known::<crate::git::host::GitError>(cause))
            .or_else(|| known::<crate::data_dir::DataDirError>(cause))
            .or_else(|| known::<crate::git::host::discover::DiscoverError>(cause))
            .or_else(|| known::<crate::graph::error::GraphError>(cause))
            .or_else(|| known::<crate::run::record::RunError>(cause))
            .or_else(|| known::<crate::run::engine::EngineError>(cause))
            .or_else(|| known::<crate::commands::container::build::BuildError>(cause))
            .or_else(|| known::<crate::run::watch::wall::WallError>(cause))
            .or_else(|| known::<crate::egress::rule::RuleError>(cause))
            .or_else(|| known::<crate::egress::next_hop::NextHopError>(cause))
            .or_else(|| known::<crate::egress::widen::WidenError>(cause))
            .or_else(|| known::<crate::egress::ProxyError>(cause))
            .or_else(|| known::<crate::egress::relay::RelayError>(cause))
    })
}

#[derive(Serialize)]
struct JsonError<'a> {
    error: String,
    causes: Vec<String>,
    hints: &'a [String],
    exit_code: u8,
}

/// Prints the error on standard error, as JSON where the user asked for it, and returns the exit code.
pub fn report(error: &anyhow::Error, output: &Output) -> u8 {
    let explanation = explanation(error);
    let hints = explanation.map(Explain::hints).unwrap_or_default();
    let exit_code = explanation.map_or(FAILED, Explain::exit_code);
    let message = error.to_string();
    let causes = distinct_causes(error, &message);
    if output.is_json() {
        let json = JsonError { error: message, causes, hints: &hints, exit_code };
        let text = serde_json::to_string(&json).unwrap_or_else(|_| format!("{error:#}"));
        output.note(harmless::json(&text));
    } else {
        output.note(format_args!("Error: {message}"));
        causes.iter().for_each(|cause| output.note(format_args!("  caused by: {cause}")));
        hints.iter().for_each(|hint| output.note(format_args!("hint: {hint}")));
    }
    exit_code
}

/// Answers a command line that clap refused, and one that asked for help; returns the exit code.
pub fn report_usage(error: &clap::Error, json: bool) -> u8 {
    if json && error.use_stderr() {
        let text = error.to_string();
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let message = lines.next().unwrap_or_default().trim_start_matches("error: ");
        let usage = Usage { message: message.to_owned(), hints: lines.map(str::to_owned).collect() };
        return report(&usage.into(), &Output::new(true));
    }
    // A terminal that went away has no use for the answer.
    drop(error.print());
    u8::try_from(error.exit_code()).unwrap_or(USAGE)
}

/// The causes that say something their parent has not said already.
fn distinct_causes(error: &anyhow::Error, message: &str) -> Vec<String> {
    let mut said = message.to_owned();
    let mut causes = Vec::new();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            said.clone_from(&cause);
            causes.push(cause);
        }
    }
    causes
}
