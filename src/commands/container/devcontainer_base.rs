//! The image that a devcontainer.json names or defines: bn's own layers go on top of it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::commands::Context;
use crate::commands::container::build_folder::BuildFolder;
use crate::commands::container::building;
use crate::commands::container::devcontainer::OfProject;
use crate::commands::container::image_checks::refuse_mounts;
use crate::container::build_hints::Built;
use crate::container::buildah::{self, BuildSpec};
use crate::container::devcontainer::{Base, Build};
use crate::data_dir::RepoId;
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
    let build = match &of.says.base {
        Base::Image(image) => return Ok(image.clone()),
        Base::Build(build) => build,
    };
    let text = dockerfile(of, build, runner)?;
    refuse_mounts(&text, runner)?;
    let place = folder.path().join("project");
    fs::create_dir(&place)?;
    fs::write(place.join("Dockerfile"), &text)?;
    let tree = place.join("tree");
    write_tree(of, &tree, runner)?;
    let spec = BuildSpec {
        reference: format!("localhost/binnacle-devcontainer:{}", RepoId::of(&of.repository.main_worktree).as_str()),
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

/// The files of the branch, as git has them and no checkout.
fn write_tree(of: &OfProject, tree: &Path, runner: &Runner) -> Result<(), Failure> {
    fs::create_dir(tree)?;
    let archive = tree.with_extension("tar");
    let git = Git::new(runner.clone());
    let cmd = git.in_dir(&of.repository.common_dir).args(["archive", "--format=tar", "--output"]).arg(&archive);
    git.read("write the files of the branch", &cmd.arg(format!("refs/heads/{}", of.branch)))?;
    let unpacked = runner.capture(&Cmd::new("tar").arg("-xf").arg(&archive).arg("-C").arg(tree))?;
    match unpacked.success() {
        true => Ok(()),
        false => Err(anyhow::anyhow!("tar could not write the files of the branch: {}", unpacked.stderr.trim()).into()),
    }
}

/// The folder of the tree that the build may see. A link could lead out of it.
fn context_folder(tree: &Path, build: &Build, runner: &Runner) -> Result<std::path::PathBuf, Failure> {
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
