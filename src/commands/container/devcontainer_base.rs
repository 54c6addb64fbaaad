//! The image that a devcontainer.json names or defines: bn's own layers go on top of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::commands::Context;
use crate::commands::container::build_folder::BuildFolder;
use crate::commands::container::building;
use crate::commands::container::devcontainer::OfProject;
use crate::commands::container::devcontainer_features::{self, On};
use crate::commands::container::image_checks::refuse_mounts;
use crate::container::build_hints::Built;
use crate::container::buildah::{self, BuildSpec};
use crate::container::devcontainer::{Base, Build};
use crate::error::{Failure, Usage};
use crate::git::host::{Git, show};
use crate::process::{Cmd, Runner};

/// Builds it, where it is to be built, and returns its name.
pub fn make(
    of: &OfProject,
    spec: &BuildSpec,
    folder: &BuildFolder,
    context: &Context,
    runner: &Runner,
) -> Result<String, Failure> {
    let place = folder.path().join("project");
    fs::create_dir(&place)?;
    let base = match &of.says.base {
        Base::Image(image) => image.clone(),
        Base::Build(build) => built(of, build, spec, &place, context, runner)?,
    };
    if of.says.features.is_empty() {
        return Ok(base);
    }
    let on = On { base: &base, spec, place: &place.join("features") };
    devcontainer_features::install(of, &on, &|| tree(of, &place, runner), context, runner)
}

/// The image of the project's own definition.
fn built(
    of: &OfProject,
    build: &Build,
    spec: &BuildSpec,
    place: &Path,
    context: &Context,
    runner: &Runner,
) -> Result<String, Failure> {
    let text = dockerfile(of, build, runner)?;
    refuse_mounts(&text, runner)?;
    fs::write(place.join("Dockerfile"), &text)?;
    let tree = tree(of, place, runner)?;
    let spec = BuildSpec {
        reference: of.base_reference(),
        args: build.args.clone(),
        target: build.target.clone(),
        ..spec.clone()
    };
    let files = context_folder(&tree, build, runner)?;
    if !runner.rehearses() {
        context.output.doing(format_args!("building {} from {}", spec.reference, build.dockerfile.display()));
    }
    let cmd = buildah::build(&spec, &place.join("Dockerfile"), &files, &place.join("image-id"));
    building::watched(&cmd, &spec.reference, Built { text: &text, own: false }, context, runner)?;
    Ok(spec.reference)
}

fn dockerfile(of: &OfProject, build: &Build, runner: &Runner) -> Result<String, Failure> {
    let path = build.dockerfile.to_string_lossy();
    let missing = || Usage::new(format!("{}: there is no file {path} on {}", of.file, of.branch));
    let bytes = show::file(&Git::new(runner.clone()), &of.repository, &of.branch, &path)?.ok_or_else(missing)?;
    Ok(String::from_utf8(bytes).with_context(|| path.into_owned())?)
}

/// The files of the branch, as git has them and no checkout; written where they are asked for the first time.
fn tree(of: &OfProject, place: &Path, runner: &Runner) -> Result<PathBuf, Failure> {
    let tree = place.join("tree");
    if tree.exists() {
        return Ok(tree);
    }
    fs::create_dir(&tree)?;
    let archive = tree.with_extension("tar");
    let git = Git::new(runner.clone());
    let cmd = git.in_dir(&of.repository.common_dir).args(["archive", "--format=tar", "--output"]).arg(&archive);
    git.read("write the files of the branch", &cmd.arg(format!("refs/heads/{}", of.branch)))?;
    let unpacked = runner.capture(&Cmd::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&tree))?;
    match unpacked.success() {
        true => Ok(tree),
        false => Err(anyhow::anyhow!("tar could not write the files of the branch: {}", unpacked.stderr.trim()).into()),
    }
}

/// The folder of the tree that the build may see. A link could lead out of it.
fn context_folder(tree: &Path, build: &Build, runner: &Runner) -> Result<PathBuf, Failure> {
    let folder = tree.join(&build.context);
    if runner.rehearses() {
        return Ok(folder);
    }
    let inside = tree.canonicalize().and_then(|tree| Ok(folder.canonicalize()?.starts_with(tree)));
    match inside.unwrap_or(false) && folder.is_dir() {
        true => Ok(folder),
        false => {
            Err(Usage::new(format!("build.context: there is no folder {} on the branch", build.context.display()))
                .into())
        }
    }
}
