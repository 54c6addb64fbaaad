//! An image that containerd lacks and the user's buildah has, which is podman's as well: a run takes it from there.

use crate::commands::Context;
use crate::commands::container::build::isolation;
use crate::commands::container::build_folder::BuildFolder;
use crate::commands::container::image_checks;
use crate::commands::container::import::{self, Image};
use crate::container::buildah;
use crate::container::layout::Digest;
use crate::error::Failure;
use crate::process::Runner;
use crate::run::engine::{Engine, EngineError, is_installed};

/// Makes sure that containerd has the image. `found` is what it said.
pub fn require(
    found: Result<(), EngineError>,
    reference: &str,
    engine: &Engine,
    context: &Context,
    runner: &Runner,
) -> Result<(), Failure> {
    match found {
        Err(missing @ EngineError::NoImage { .. }) => match id(reference, context, runner)? {
            Some(id) => take(reference, &id, engine, context, runner),
            None => Err(missing.into()),
        },
        other => Ok(other?),
    }
}

/// What buildah calls the image, where it has one of that name.
fn id(reference: &str, context: &Context, runner: &Runner) -> Result<Option<String>, Failure> {
    if !["buildah", "tar"].into_iter().all(|tool| is_installed(&context.env, tool)) {
        return Ok(None);
    }
    let found = runner.capture(&buildah::image_id(reference))?;
    let text = found.text();
    let first = text.lines().next().and_then(Digest::parse).filter(|_| found.success());
    Ok(first.map(|id| id.as_str().to_owned()))
}

/// What is asked of an image that somebody built with `bn` is asked of this one.
fn take(reference: &str, id: &str, engine: &Engine, context: &Context, runner: &Runner) -> Result<(), Failure> {
    context
        .output
        .doing(format_args!("containerd has no {reference}: taking it from the images of buildah and podman"));
    let step = context.output.step(format_args!("looking into {reference}"));
    let layers = image_checks::refuse_configuration(reference, false, runner)?;
    image_checks::refuse_without_programs(reference, isolation(&context.env), runner)?;
    let folder = BuildFolder::make(context.env.temporary.as_deref())?;
    import::import(&Image { reference, id, layers: &layers }, folder.path(), engine, runner, &step)
}
