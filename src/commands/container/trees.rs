//! The trees in which agents work or have worked: no program of theirs is one that `bn` starts.

use std::path::{Path, PathBuf};

use crate::data_dir::DataDir;
use crate::env::Env;
use crate::git::discover;
use crate::run::record;

/// All checkouts of the repositories that a command is about, and those of every run that is known.
pub fn of_agents(env: &Env, worktree: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
    let mut trees = Vec::new();
    let named = worktree.map(|worktree| env.directory.join(worktree));
    for start in named.iter().chain([&env.directory]) {
        // Elsewhere than in a repository, and where the worktree is still to be made, there is none.
        if let Ok(place) = discover::place(start) {
            trees.extend(discover::checkouts(&place));
        }
    }
    if let Ok(data) = DataDir::resolve(env) {
        trees.extend(record::all(data.repositories())?.runs.into_iter().map(|seen| seen.record.spec.worktree));
    }
    Ok(trees)
}
