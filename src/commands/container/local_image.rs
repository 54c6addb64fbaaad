//! An image that containerd lacks: a run takes it from the user's buildah, whose images are podman's as well, and what neither
//! has from the registry that its name begins with.

use crate::commands::Context;
use crate::commands::container::build::isolation;
use crate::commands::container::build_error::BuildError;
use crate::commands::container::build_folder::BuildFolder;
use crate::commands::container::image_checks;
use crate::commands::container::import::{self, Image};
use crate::container::buildah;
use crate::container::layout::Digest;
use crate::container::registry;
use crate::error::Failure;
use crate::process::{Runner, last_line};
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
        Err(missing @ EngineError::NoImage { .. }) => {
            let tools = ["buildah", "tar"].into_iter().all(|tool| is_installed(&context.env, tool));
            let id = if tools { local_or_fetched(reference, context, runner)? } else { None };
            take(reference, &id.ok_or(missing)?, engine, context, runner)
        }
        other => Ok(other?),
    }
}

/// What buildah calls the image, where it has one of that name or gets it from a registry.
fn local_or_fetched(reference: &str, context: &Context, runner: &Runner) -> Result<Option<String>, Failure> {
    let local = id(reference, runner)?;
    if local.is_some() || !registry::is_named(reference) || runner.rehearses() {
        return Ok(local);
    }
    let host = registry::host(reference);
    context.output.doing(format_args!("neither containerd nor buildah has {reference}: fetching it from {host}"));
    let step = context.output.step(format_args!("fetching {reference}"));
    let fetched = runner.capture(&buildah::pull(reference))?;
    drop(step);
    if !fetched.success() {
        let refusal = registry::refusal(reference, last_line(&fetched.stderr));
        return Err(BuildError::NotFetched(refusal).into());
    }
    id(reference, runner)
}

fn id(reference: &str, runner: &Runner) -> Result<Option<String>, Failure> {
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
