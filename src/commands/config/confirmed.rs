//! What the user has confirmed of a project's settings: one hash for each key and its value.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::keys::leads_elsewhere;
use crate::config::setting::{Origin, Setting};
use crate::container::layout::Digest;
use crate::data_dir::{DataDir, RepoId};
use crate::env::{Env, Machine};
use crate::error::Failure;
use crate::git::host::repository::Repository;
use crate::run::record::store;

/// The hashes of one repository.
#[derive(Debug)]
pub struct Confirmed {
    path: PathBuf,
    hashes: BTreeSet<String>,
}

impl Confirmed {
    pub fn read(env: &Env, repository: &Repository) -> Result<Self, Failure> {
        let path = DataDir::resolve(env)?.confirmed(&RepoId::of(&repository.main_worktree));
        let hashes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeSet::new(),
            // A damaged file confirms nothing.
            other => serde_json::from_slice(&other.with_context(|| format!("cannot read {}", path.display()))?)
                .unwrap_or_default(),
        };
        Ok(Self { path, hashes })
    }

    pub fn has(&self, setting: &Setting) -> bool {
        self.hashes.contains(&hash(setting))
    }

    /// Remembers these in the place of all that was confirmed before.
    pub fn keep<'a>(&mut self, settings: impl IntoIterator<Item = &'a Setting>) -> Result<(), Failure> {
        self.hashes.clear();
        self.add(settings)
    }

    /// Remembers these beside what was confirmed before.
    pub fn add<'a>(&mut self, settings: impl IntoIterator<Item = &'a Setting>) -> Result<(), Failure> {
        self.hashes.extend(settings.into_iter().map(hash));
        self.write().with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        store::create_private(self.path.parent().unwrap_or(Path::new("/")))?;
        store::write_durably(&self.path, &serde_json::to_vec(&self.hashes)?, 0o600)
    }
}

/// Whether it is the project's, and lowers the wall.
pub fn is_wanted(setting: &Setting, machine: &Machine) -> bool {
    matches!(setting.origin, Origin::Project { .. } | Origin::Devcontainer { .. })
        && ((setting.key.opens)(&setting.value, machine) || setting.name.as_deref().is_some_and(leads_elsewhere))
}

/// Of what it says, wherever that stands.
fn hash(setting: &Setting) -> String {
    let said = serde_json::json!([setting.key.name, setting.name, setting.value]).to_string();
    Digest::of(said.as_bytes()).as_str().to_owned()
}
