//! The definition of an image: where it comes from, and what has changed since it was built last.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::container::BuildArgs;
use crate::commands::Context;
use crate::commands::container::devcontainer::{self, OfProject};
use crate::data_dir::{DataDir, RepoId};
use crate::error::Failure;
use crate::git::host::{Git, discover, repository, show, target};
use crate::run::record::store;

const CONTAINERFILE: &str = include_str!("../../../container/Containerfile");
/// The project's own definition, read from the target's commit and from nowhere else.
pub const PROJECT_FILE: &str = ".binnacle/Containerfile";

/// Where the image's definition comes from.
pub enum Definition {
    File(PathBuf, String),
    Project {
        branch: String,
        text: String,
    },
    /// bn's own, on the image that the project's devcontainer.json names.
    Devcontainer(Box<OfProject>),
    Embedded,
}

impl Definition {
    /// In this folder's repository, as committed on the branch that is wanted.
    pub fn find(args: &BuildArgs, folder: &Path, wanted: Option<&str>, git: &Git) -> Result<Self, Failure> {
        if let Some(path) = &args.file {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            return Ok(Self::File(path.clone(), text));
        }
        if args.devcontainer {
            return Ok(Self::Devcontainer(Box::new(devcontainer::of_target(folder, wanted, git)?)));
        }
        // Outside of a repository there is nothing to look for; inside, whatever fails is an error.
        if discover::main_worktree(folder).is_err() {
            return Ok(Self::Embedded);
        }
        let repository = repository::resolve(git, folder)?;
        if target::branches(git, &repository)?.is_empty() {
            // Nothing is committed yet, and so no definition either.
            return Ok(Self::Embedded);
        }
        let branch = target::resolve(git, &repository, wanted)?.branch;
        Ok(match show::file(git, &repository, &branch, PROJECT_FILE)? {
            Some(bytes) => Self::Project { branch, text: String::from_utf8(bytes).context(PROJECT_FILE)? },
            None => Self::Embedded,
        })
    }

    /// Whether its lines are bn's, and nobody else's.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Embedded | Self::Devcontainer(_))
    }

    pub fn text(&self) -> &str {
        match self {
            Self::File(_, text) | Self::Project { text, .. } => text,
            Self::Embedded | Self::Devcontainer(_) => CONTAINERFILE,
        }
    }
}

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, _) => write!(f, "{}", path.display()),
            Self::Project { branch, .. } => write!(f, "{PROJECT_FILE} as committed on {branch}"),
            Self::Devcontainer(of) => write!(f, "{of}"),
            Self::Embedded => f.write_str("bn's own definition"),
        }
    }
}

/// The project's definition as it was built last: agents may have changed it since, and a merge brought that in.
pub struct LastBuilt {
    path: PathBuf,
    text: Option<String>,
}

impl LastBuilt {
    pub fn of(definition: &Definition, context: &Context) -> Result<Option<Self>, Failure> {
        let Definition::Project { .. } = definition else { return Ok(None) };
        let data = DataDir::resolve(&context.env)?;
        let repo = RepoId::of(&discover::main_worktree(&context.env.directory)?);
        let path = data.last_definition(&repo);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            other => Some(other.with_context(|| format!("cannot read {}", path.display()))?),
        };
        Ok(Some(Self { path, text }))
    }

    /// What is different now, as a patch.
    pub fn changes(&self, now: &str) -> Option<String> {
        let before = self.text.as_deref().filter(|before| *before != now)?;
        let difference = similar::TextDiff::from_lines(before, now);
        let patch = difference.unified_diff().context_radius(2).header("last build", "this build").to_string();
        Some(format!("{PROJECT_FILE} has changed since the last build:\n{}", patch.trim_end()))
    }

    pub fn keep(&self, text: &str) -> Result<(), Failure> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        Ok(store::create_private(folder)
            .and_then(|()| store::write_durably(&self.path, text.as_bytes(), 0o600))
            .with_context(|| format!("cannot write {}", self.path.display()))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_definition_is_shown_as_a_patch() {
        let last = |text: &str| LastBuilt { path: PathBuf::new(), text: Some(text.to_owned()) };
        assert_eq!(last("FROM a\n").changes("FROM a\n"), None);
        let changes = last("FROM a\nRUN x\n").changes("FROM a\nRUN y\n").unwrap();
        assert!(changes.contains("-RUN x\n+RUN y"), "{changes}");
    }
}
