//! The features of a devcontainer.json: their files are fetched, and installed in an image of their own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use crate::commands::Context;
use crate::commands::container::build_error::BuildError;
use crate::commands::container::building;
use crate::commands::container::devcontainer::OfProject;
use crate::container::build_hints::Built;
use crate::container::buildah::{self, BuildSpec};
use crate::container::devcontainer::features::{self, Definition, FILE, Fetched, Source};
use crate::container::layout::Digest;
use crate::container::registry;
use crate::error::{Failure, Usage};
use crate::process::{Cmd, Runner, last_line};
use crate::run::engine::{EngineError, is_installed};
use crate::untrusted::nofollow;

/// No feature says more of itself. Bytes.
const LARGEST: u64 = 1 << 20;

/// The files of the branch, which are written where they are asked for the first time.
pub type Tree<'a> = &'a dyn Fn() -> Result<PathBuf, Failure>;

/// What features are installed on, and how.
pub struct On<'a> {
    pub base: &'a str,
    pub spec: &'a BuildSpec,
    /// A folder that is not there yet.
    pub place: &'a Path,
}

/// Builds an image with the features, and returns its name.
pub fn install(
    of: &OfProject,
    on: &On<'_>,
    tree: Tree<'_>,
    context: &Context,
    runner: &Runner,
) -> Result<String, Failure> {
    let place = on.place;
    fs::create_dir(place)?;
    let mut fetched = Vec::new();
    for (number, feature) in of.says.features.iter().enumerate() {
        let name = format!("feature-{number}");
        let path = place.join(&name);
        let definition = match &feature.source {
            Source::Folder(folder) => of_folder(&tree()?, folder, &path, runner),
            Source::Registry(id) => of_registry(id, &path, context, runner),
        };
        let definition = definition?;
        for key in &definition.left_out {
            context.output.note(format_args!("{}: {key} of the feature {} is left out", of.file, feature.id));
        }
        fetched.push(Fetched { feature: feature.clone(), definition, name });
    }
    let order = features::in_order(fetched).map_err(|why| Usage::new(format!("{}: {why}", of.file)))?;
    for (number, one) in order.iter().enumerate() {
        let odd =
            || Usage::new(format!("{}: an option of the feature {} is no text for a shell", of.file, one.feature.id));
        fs::write(place.join(features::script_name(number)), features::script(number, one).ok_or_else(odd)?)?;
    }
    let text = features::containerfile(on.base, &order);
    fs::write(place.join("Containerfile"), &text)?;
    let reference = format!("{}-features", of.base_reference());
    let spec = BuildSpec { reference, args: Vec::new(), target: None, ..on.spec.clone() };
    if !runner.rehearses() {
        let names: Vec<&str> = order.iter().map(|one| one.feature.id.as_str()).collect();
        context.output.doing(format_args!("building {} with the features {}", spec.reference, names.join(", ")));
    }
    let cmd = buildah::build(&spec, &place.join("Containerfile"), place, &place.join("image-id"));
    building::watched(&cmd, &spec.reference, Built { text: &text, own: false }, context, runner)?;
    Ok(spec.reference)
}

/// Takes a folder out of the files of the branch, which are there for this build alone.
fn of_folder(tree: &Path, folder: &Path, to: &Path, runner: &Runner) -> Result<Definition, Failure> {
    if runner.rehearses() {
        return Ok(Definition::default());
    }
    let missing = || Usage::new(format!("there is no folder {} on the branch", folder.display()));
    // A link on the way could lead out of the tree.
    let found = tree.join(folder).canonicalize().map_err(|_| missing())?;
    if !found.starts_with(tree.canonicalize()?) || found == tree.canonicalize()? {
        return Err(missing().into());
    }
    fs::rename(&found, to)?;
    let json = nofollow::read_file(&to.join(FILE), LARGEST)
        .with_context(|| format!("cannot read {}", folder.join(FILE).display()))?;
    Ok(Definition::parse(&String::from_utf8_lossy(&json)).context(FILE)?)
}

/// The one archive of a feature that a registry has.
#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    digest: String,
}

/// Fetches its archive. Only buildah unpacks that, inside.
fn of_registry(id: &str, to: &Path, context: &Context, runner: &Runner) -> Result<Definition, Failure> {
    if !is_installed(&context.env, "skopeo") {
        return Err(EngineError::NotFound { tool: "skopeo" }.into());
    }
    let folder = to.with_extension("fetched");
    let step = context.output.step(format_args!("fetching the feature {id}"));
    let fetched = runner.capture(&buildah::fetch_artifact(id, &folder))?;
    drop(step);
    if !fetched.success() {
        return Err(BuildError::NotFetched(registry::refusal(id, last_line(&fetched.stderr))).into());
    }
    if runner.rehearses() {
        return Ok(Definition::default());
    }
    let manifest: Manifest = serde_json::from_slice(&fs::read(folder.join("manifest.json"))?)
        .with_context(|| format!("the manifest of {id}"))?;
    let odd = || Usage::new(format!("{id} is no feature: that is one archive with a {FILE} in it"));
    let [layer] = manifest.layers.as_slice() else { return Err(odd().into()) };
    let digest = Digest::parse(&layer.digest).ok_or_else(odd)?;
    fs::rename(folder.join(digest.digits()), to)?;
    // What is packed small may be large.
    let most = Cmd::new("head").arg(format!("--bytes={}", LARGEST + 1));
    for start in ["./", ""] {
        let unpack = Cmd::new("tar").arg("-xOf").arg(to).arg(format!("{start}{FILE}"));
        let (unpacked, read) = runner.pipe(&unpack, &most, |_| {})?;
        if read.stdout.len() as u64 > LARGEST {
            return Err(Usage::new(format!("{id}: its {FILE} has more than {LARGEST} bytes")).into());
        }
        if unpacked.success() {
            return Ok(Definition::parse(&read.text()).with_context(|| format!("{FILE} of {id}"))?);
        }
    }
    Err(odd().into())
}
