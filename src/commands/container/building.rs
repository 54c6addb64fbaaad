//! A build as the user watches it.

use crate::commands::Context;
use crate::container::build_step;
use crate::process::{Cmd, ProcessError, Runner, Watched};

/// Runs buildah where the user can watch, and shows how far it is. Where nobody wants to watch, and it fails, its last words are
/// shown all the same.
pub fn watched(cmd: &Cmd, reference: &str, context: &Context, runner: &Runner) -> Result<Watched, ProcessError> {
    let step = context.output.step(format_args!("building {reference}"));
    let watched = runner.watched(cmd, context.output.passing(&step, build_step::of_line))?;
    if context.output.is_quiet() && !watched.status.success() {
        context.output.note(watched.said.trim_end());
    }
    Ok(watched)
}
