//! `bn container build`: stage a context, build it as the user, hand the image to containerd.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::cli::container::{AgentProgram, BuildArgs};
use crate::commands::config::gather;
use crate::commands::container::build_folder::BuildFolder;
use crate::commands::container::building;
use crate::commands::container::built;
use crate::commands::container::definition::{Definition, LastBuilt};
use crate::commands::container::devcontainer_base;
use crate::commands::container::filled;
use crate::commands::container::image_checks;
use crate::commands::container::import::{self, Image};
use crate::commands::{Context, Exit};
use crate::container::build_hints::Built;
use crate::container::buildah::{self, BuildSpec, is_package_name};
use crate::container::layout::Digest;
use crate::container::reference::image_reference;
use crate::env::{Env, Privilege};
use crate::error::{Failure, Usage};
use crate::git::host::Git;
use crate::process::Runner;
use crate::run::engine::{Engine, EngineError, is_installed};

pub fn run(args: &BuildArgs, context: &Context) -> Result<Exit, Failure> {
    let env = &context.env;
    let folder = BuildFolder::make(env.temporary.as_deref())?;
    let mut runner = Runner::new(env);
    if args.dry_run {
        runner = runner.rehearsing(vec![(folder.path().to_owned(), FOLDER.into())]);
    }
    let git = Git::new(runner.clone()).remembering();
    let found = gather::all(context, &git)?;
    let args = &filled::fill(args.clone(), &found, args.dry_run, context)?;
    let definition = Definition::find(args, &env.directory, found.branch(), &git)?;
    let spec = BuildSpec {
        reference: image_reference(&tag(args, &definition))?,
        args: build_args(args, &definition)?,
        no_cache: args.no_cache,
        isolation: isolation(env),
        target: None,
    };
    let plan = Plan { spec, definition, folder };
    if args.dry_run {
        plan.build(context, &runner)?;
        let definition = plan.definition.to_string();
        context.output.print(&DryRun { definition, commands: runner.rehearsed() })?;
        return Ok(Exit::DONE);
    }
    context.output.print(&plan.build(context, &runner)?)?;
    Ok(Exit::DONE)
}

/// What a rehearsal calls the folder of the build.
const FOLDER: &str = "$FOLDER";

/// A build, resolved.
struct Plan {
    spec: BuildSpec,
    definition: Definition,
    folder: BuildFolder,
}

impl Plan {
    /// Builds the image, looks at it, and hands it to containerd.
    fn build(&self, context: &Context, runner: &Runner) -> Result<Done, Failure> {
        let Self { spec, definition, folder } = self;
        let env = &context.env;
        if let Some(tool) = ["buildah", "tar"].into_iter().find(|tool| !is_installed(env, tool)) {
            return Err(EngineError::NotFound { tool }.into());
        }
        refuse_mounts(definition, runner)?;
        // Before minutes of building: is there anybody to give the image to?
        let engine = Engine::connect(env, runner)?;
        let last_built = LastBuilt::of(definition, context)?;
        if let Some(changes) = last_built.as_ref().and_then(|last| last.changes(definition.text())) {
            context.output.note(changes);
        }
        let image_id = self.make_image(context, runner)?;
        let imported = !import::is_imported(&spec.reference, &image_id, &engine, runner)?;
        if imported {
            let step = context.output.step(format_args!("looking into {}", spec.reference));
            let layers = self.check(runner)?;
            let image = Image { reference: &spec.reference, id: &image_id, layers: &layers };
            import::import(&image, folder.path(), &engine, runner, &step)?;
        }
        if !runner.rehearses() {
            built::record(&spec.reference, &image_id, context)?;
        }
        if let Some(last) = last_built.filter(|_| !runner.rehearses()) {
            last.keep(definition.text())?;
        }
        Ok(Done { reference: spec.reference.clone(), image_id, imported })
    }

    /// Builds the image in buildah's store, and returns its id.
    fn make_image(&self, context: &Context, runner: &Runner) -> Result<String, Failure> {
        let Self { spec, definition, folder } = self;
        let spec = self.on_base(context, runner)?.unwrap_or(spec.clone());
        let staged = folder.stage(definition)?;
        if !runner.rehearses() {
            context.output.doing(format_args!("building {} from {definition}", spec.reference));
        }
        let id_file = folder.path().join("image-id");
        let cmd = buildah::build(&spec, &staged.join("Containerfile"), &staged, &id_file);
        let built = Built { text: definition.text(), own: definition.is_own() };
        building::watched(&cmd, &spec.reference, built, context, runner)?;
        if runner.rehearses() {
            return Ok("$IMAGE_ID".to_owned());
        }
        let image_id = fs::read_to_string(&id_file).context("buildah did not say which image it built")?;
        Ok(image_id.trim().to_owned())
    }

    /// The same, on the image that the project's devcontainer.json names, where the user wants that.
    fn on_base(&self, context: &Context, runner: &Runner) -> Result<Option<BuildSpec>, Failure> {
        let Definition::Devcontainer(of) = &self.definition else { return Ok(None) };
        let base = devcontainer_base::make(of, &self.spec, &self.folder, context, runner)?;
        let args = std::iter::once(("BASE_IMAGE".to_owned(), base)).chain(self.spec.args.clone()).collect();
        Ok(Some(BuildSpec { args, ..self.spec.clone() }))
    }

    /// Refuses an image that could not become an agent's container, and returns the layers of one that can.
    fn check(&self, runner: &Runner) -> Result<Vec<Digest>, Failure> {
        let Self { spec, definition, .. } = self;
        let own = definition.is_own();
        let layers = image_checks::refuse_configuration(&spec.reference, own, runner)?;
        if !own {
            image_checks::refuse_without_programs(&spec.reference, spec.isolation, runner)?;
        }
        Ok(layers)
    }
}

/// A project's own image has a tag of its own.
fn tag(args: &BuildArgs, definition: &Definition) -> String {
    match (&args.tag, definition) {
        (Some(tag), _) => tag.clone(),
        (None, Definition::Devcontainer(of)) => of.tag(),
        (None, _) => "latest".to_owned(),
    }
}

/// bn's own definition takes all of them; another one only those that the user gave.
fn build_args(args: &BuildArgs, definition: &Definition) -> Result<Vec<(String, String)>, Usage> {
    let embedded = definition.is_own();
    let mut build_args = Vec::new();
    if let Some(base) = &args.base_image {
        build_args.push(("BASE_IMAGE".to_owned(), base.clone()));
    }
    if embedded || !args.agent.is_empty() {
        build_args.push(("AGENTS".to_owned(), agents(&args.agent)?));
    }
    let packages = args.package.iter().flat_map(|list| list.split_whitespace()).collect::<Vec<_>>();
    if let Some(odd) = packages.iter().find(|name| !is_package_name(name)) {
        return Err(Usage::new(format!("--package {odd}: not the name of a package")));
    }
    if !packages.is_empty() {
        build_args.push(("PACKAGES".to_owned(), packages.join(" ")));
    }
    Ok(build_args)
}

fn agents(chosen: &[AgentProgram]) -> Result<String, Usage> {
    let name = |agent: &AgentProgram| match agent {
        AgentProgram::Copilot => "copilot",
        AgentProgram::Claude => "claude",
        AgentProgram::Codex => "codex",
        AgentProgram::None => "none",
    };
    match chosen {
        [] => Ok("copilot".to_owned()),
        more if more.len() > 1 && more.contains(&AgentProgram::None) => {
            Err(Usage::new("--agent none goes with no other agent"))
        }
        some => Ok(some.iter().map(name).collect::<Vec<_>>().join(" ")),
    }
}

/// Rootless, and with control groups of the first version, no container runtime can start a build's commands.
pub fn isolation(env: &Env) -> Option<&'static str> {
    let asked = env.variable("BUILDAH_ISOLATION").is_some();
    let rootless = env.privilege != Privilege::Root;
    let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    (!asked && rootless && !unified).then_some("chroot")
}

/// An agent may have written the definition that came to the target by a merge; one that is named by its path is the
/// user's own word.
fn refuse_mounts(definition: &Definition, runner: &Runner) -> Result<(), Failure> {
    match definition {
        Definition::Project { text, .. } => image_checks::refuse_mounts(text, runner),
        _ => Ok(()),
    }
}

/// An image that is in containerd.
#[derive(Serialize)]
struct Done {
    reference: String,
    image_id: String,
    /// False when containerd had this very image already.
    imported: bool,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.imported { "built" } else { "unchanged" };
        let digits = self.image_id.trim_start_matches("sha256:");
        writeln!(f, "{} {how} ({})", self.reference, digits.get(..12).unwrap_or(digits))
    }
}

#[derive(Serialize)]
struct DryRun {
    definition: String,
    commands: Vec<String>,
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# from {}", self.definition)?;
        self.commands.iter().try_for_each(|command| writeln!(f, "{command}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agents_of_an_image() {
        assert_eq!(agents(&[]).unwrap(), "copilot");
        assert_eq!(agents(&[AgentProgram::Claude, AgentProgram::Codex]).unwrap(), "claude codex");
        assert!(agents(&[AgentProgram::None, AgentProgram::Codex]).is_err());
    }
}
