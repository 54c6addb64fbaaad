//! Checks whether an image can be an agent's container, before containerd gets it.

use anyhow::Context as _;

use crate::commands::container::build_error::BuildError;
use crate::container::buildah;
use crate::container::doctor::advisories::mounts_reach_the_host;
use crate::container::layout::Digest;
use crate::error::Failure;
use crate::process::{Runner, last_line};

/// What an image that bn did not define has to bring.
const NEEDED: [&str; 5] = ["/usr/local/bin/binnacle-entrypoint", "/usr/local/bin/bn", "bash", "git", "tini"];
/// What a shell or a container runtime says of a program that it does not find.
const NOT_FOUND: &str = "executable file not found";

/// Refuses a definition of a project's whose commands could reach the host's files, by this buildah.
pub fn refuse_mounts(text: &str, runner: &Runner) -> Result<(), Failure> {
    if !buildah::has_mounts(text) {
        return Ok(());
    }
    match mounts_reach_the_host(&runner.read(&buildah::version())?.text()) {
        Some(holes) => Err(BuildError::Mounts { holes }.into()),
        None => Ok(()),
    }
}

/// Refuses an image that gives orders to containerd, or would not begin as root, and returns the layers of any other. `own` is
/// bn's own definition.
pub fn refuse_configuration(reference: &str, own: bool, runner: &Runner) -> Result<Vec<Digest>, Failure> {
    let json = runner.read(&buildah::inspect(reference))?.text();
    let image = buildah::configuration(&json).context("buildah's answer is no JSON")?;
    let reference = reference.to_owned();
    match (image.commanding_labels.into_iter().next(), image.user) {
        (Some(label), _) => Err(BuildError::CommandingLabel { reference, label }.into()),
        (None, Some(user)) => Err(BuildError::OtherUser { reference, user, own }.into()),
        (None, None) => Ok(image.layers),
    }
}

/// Refuses an image without a program that every run needs. It starts a container of buildah's for that, which goes again.
pub fn refuse_without_programs(
    reference: &str,
    isolation: Option<&'static str>,
    runner: &Runner,
) -> Result<(), Failure> {
    let container = runner.read(&buildah::container_of(reference))?.text();
    let cmd = buildah::run_in(&container, isolation, &["bash", "-c", &look_for(&NEEDED)]);
    let looked = runner.capture(&cmd);
    runner.read(&buildah::remove_container(&container))?;
    let looked = looked?;
    let missing = match looked.success() {
        true => looked.text().lines().map(str::to_owned).collect(),
        false if looked.stderr.contains(NOT_FOUND) => vec!["bash".to_owned()],
        false => {
            let message = last_line(&looked.stderr).to_owned();
            return Err(BuildError::NotStarted { reference: reference.to_owned(), message }.into());
        }
    };
    match missing.is_empty() {
        true => Ok(()),
        false => Err(BuildError::Lacks { reference: reference.to_owned(), missing }.into()),
    }
}

/// Prints what is missing, a line each.
fn look_for(programs: &[&str]) -> String {
    format!("for p in {}; do command -v $p >/dev/null || echo ${{p##*/}}; done", programs.join(" "))
}
