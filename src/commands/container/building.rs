//! A build as the user watches it.

use crate::commands::Context;
use crate::commands::container::build_error::BuildError;
use crate::container::build_hints::{self, Built};
use crate::container::build_step;
use crate::container::build_verdict;
use crate::error::Failure;
use crate::process::{Cmd, Runner, exit_code, last_line};

/// How buildah fails where another program removes an image while it looks for layers that it can use again.
const LOST_AN_IMAGE: &str = "checking if cached image exists";
/// So often it is asked once more.
const MORE_TRIES: usize = 3;

/// Runs buildah where the user can watch, and shows how far it is. Where it fails, the error says why, in the place of buildah's last line,
/// which names each of its own functions on the way; with `-v` that line is there, too.
pub fn watched(
    cmd: &Cmd,
    reference: &str,
    built: Built<'_>,
    context: &Context,
    runner: &Runner,
) -> Result<(), Failure> {
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
    drop(step);
    let (said, last) = build_verdict::parted(&watched.said);
    let wants_all = watched.status.success() || context.env.trace.is_some();
    last.filter(|_| wants_all).into_iter().for_each(|last| context.output.note(last));
    if watched.status.success() {
        return Ok(());
    }
    if context.output.is_quiet() {
        context.output.note(said.trim_end());
    }
    Err(BuildError::Failed {
        reference: reference.to_owned(),
        code: exit_code(watched.status),
        why: last.map(build_verdict::why),
        hints: build_hints::hints(&watched.said, built),
    }
    .into())
}
