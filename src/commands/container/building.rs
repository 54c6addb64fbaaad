//! A build as the user watches it.

use crate::commands::Context;
use crate::container::build_step;
use crate::process::{Cmd, ProcessError, Runner, Watched, last_line};

/// How buildah fails where another program removes an image while it looks for layers that it can use again.
const LOST_AN_IMAGE: &str = "checking if cached image exists";
/// So often it is asked once more.
const MORE_TRIES: usize = 3;

/// Runs buildah where the user can watch, and shows how far it is. Where nobody wants to watch, and it fails, its last words are
/// shown all the same.
pub fn watched(cmd: &Cmd, reference: &str, context: &Context, runner: &Runner) -> Result<Watched, ProcessError> {
    let step = context.output.step(format_args!("building {reference}"));
    let build = || runner.watched(cmd, context.output.passing(&step, build_step::of_line));
    let mut watched = build()?;
    for _ in 0..MORE_TRIES {
        if watched.status.success() || !last_line(&watched.said).contains(LOST_AN_IMAGE) {
            break;
        }
        context.output.doing("an image went while buildah looked at it: building again");
        watched = build()?;
    }
    if context.output.is_quiet() && !watched.status.success() {
        context.output.note(watched.said.trim_end());
    }
    Ok(watched)
}
