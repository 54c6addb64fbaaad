//! A repository that borrows every object that a run's work can reach, and has a configuration of its own.

use std::path::Path;

use crate::git::host::config::{Config, ConfigText};
use crate::git::host::{Git, GitError};
use crate::git::private::{RunGit, bare, config};

/// Makes it at `place`. `head` is the text of its HEAD, and `text` the beginning of its configuration.
pub fn create(git: &Git, run: &RunGit, place: &Path, head: &str, mut text: ConfigText) -> Result<(), GitError> {
    let common_dir = &run.checkout.common_dir;
    text.set("gc.auto", "0");
    let settings = Config::read(git, git.in_dir(common_dir), common_dir)?;
    if config::is_partial_clone(&settings) {
        bare::partial_clone(&mut text, &run.checkout.object_format);
    }
    let mut objects = bare::object_folders(common_dir)?;
    objects.extend(run.has_own_refs().then(|| run.kept().join("objects")));
    let shallow = bare::optional(&common_dir.join("shallow"))?;
    let object_format = &run.checkout.object_format;
    let skeleton =
        bare::Skeleton { object_format, head, alternates: &objects, shallow: shallow.as_deref(), folders: bare::WHOLE };
    bare::create(place, &skeleton, text)
}
