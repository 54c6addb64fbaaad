//! Where an agent program signs in: a repository that is there for nothing else, and goes with what was written for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::commands::Context;
use crate::data_dir::{DataDir, RepoId};
use crate::error::Failure;
use crate::git::host::Git;
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::life::prepare;
use crate::run::record::census::{Seen, all, all_in};
use crate::run::record::run::Run;
use crate::untrusted::remove;

/// How the name of its folder begins.
const PREFIX: &str = "bn-sign-in-";

/// A repository without a file, and what `bn` keeps of it.
pub struct Stage {
    folder: TempDir,
    data: DataDir,
}

impl Stage {
    pub fn new(context: &Context) -> Result<Self, Failure> {
        let data = DataDir::resolve(&context.env)?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        let stage = Self { folder, data };
        let git = Git::new(Runner::new(&context.env));
        let path = stage.repository();
        std::fs::create_dir(&path)?;
        let read = |words: &[&str]| git.read("make a repository for a sign-in", &git.discovering(&path).args(words));
        read(&["init", "-q", "--template=", "-b", "main"])?;
        read(&["config", "user.name", "bn"])?;
        read(&["config", "user.email", "bn@localhost"])?;
        read(&["-c", "commit.gpgSign=false", "commit", "-q", "--allow-empty", "-m", "A place to sign in"])?;
        Ok(stage)
    }

    pub fn repository(&self) -> PathBuf {
        // The id of a repository is of the path that no link is on.
        self.folder.path().canonicalize().unwrap_or_else(|_| self.folder.path().to_owned()).join("sign-in")
    }

    /// Removes what was written for it, the tokens above all.
    pub fn clear(self) -> Result<(), Failure> {
        let repo = RepoId::of(&self.repository());
        if all_in(&self.data.runs(&repo))?.iter().any(|seen| seen.record.state.is_open()) {
            // Its container may still be there: who ends it needs the record.
            let _kept = self.folder.keep();
            return Ok(());
        }
        forget(&self.data, &repo)?;
        Ok(self.folder.close()?)
    }
}

/// Removes what `bn` keeps of a sign-in's repository.
fn forget(data: &DataDir, repo: &RepoId) -> Result<(), Failure> {
    let runs = data.runs(repo);
    let state = runs.parent().unwrap_or(Path::new("/nowhere")).to_owned();
    for folder in [data.agents(repo), data.graph(Some(repo)), data.graph_backups(repo), state] {
        remove::folder(&folder)?;
    }
    Ok(())
}

/// Removes what sign-ins have left whose `bn` was killed, their containers and tokens with it. Returns their names.
pub fn tidy(context: &Context) -> Result<Vec<String>, Failure> {
    let data = DataDir::resolve(&context.env)?;
    let left = all(data.repositories())?.runs;
    let mut gone = Vec::new();
    for seen in left.iter().filter(|seen| seen.is_left_sign_in()) {
        if end(seen, &data, context)? {
            gone.push(seen.record.name().to_owned());
        }
    }
    Ok(gone)
}

/// False where somebody else has taken it over.
fn end(seen: &Seen, data: &DataDir, context: &Context) -> Result<bool, Failure> {
    let Some(run) = Run::take_over(seen.folder.clone())? else { return Ok(false) };
    if run.record.state.is_open() || run.record.needs_sudo {
        let engine = Engine::connect(&context.env, &Runner::new(&context.env))?;
        // By now another may have the name.
        if engine.has_own(run.name(), &run.record.spec.session)? {
            engine.terminate(run.name(), Duration::ZERO)?;
            engine.remove(run.name())?;
        }
    }
    let spec = &run.record.spec;
    prepare::remove_secrets(spec)?;
    let stage = spec.checkout.main_worktree.parent().filter(|folder| is_stage(folder));
    stage.map_or(Ok(()), remove::folder)?;
    forget(data, &spec.repo())?;
    Ok(true)
}

fn is_stage(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}
