//! What is known on this machine: the runs, and the worktrees in which agents work or have worked.

use std::path::{Path, PathBuf};

use crate::commands::Context;
use crate::data_dir::DataDir;
use crate::env::Env;
use crate::error::Failure;
use crate::git::host::discover;
use crate::run::record::census::{Seen, all};

/// The runs of all repositories. Without a home there are none, and a command that needs one says so itself.
pub fn runs(context: &Context) -> Result<Vec<Seen>, Failure> {
    match DataDir::resolve(&context.env) {
        Ok(data) => Ok(all(data.repositories())?.runs),
        _ => Ok(Vec::new()),
    }
}

/// Where agents write: `bn` starts no program from there, and reads no settings.
pub fn trees(context: &Context, worktree: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    Ok(trees_of(&runs(context)?, &context.env, worktree))
}

/// All checkouts of the repositories that a command is about, and those of these runs.
pub fn trees_of(runs: &[Seen], env: &Env, worktree: Option<&Path>) -> Vec<PathBuf> {
    let specs = || runs.iter().map(|seen| &seen.record.spec);
    let mut trees: Vec<PathBuf> = specs().map(|spec| spec.checkout.worktree.clone()).collect();
    trees.extend(specs().flat_map(|spec| spec.writable_mounts()).map(|mount| mount.source.clone()));
    let named = worktree.map(|worktree| env.directory.join(worktree));
    for start in named.iter().chain([&env.directory]) {
        // Elsewhere than in a repository, and where the worktree is still to be made, there is none.
        if let Ok(place) = discover::place(start) {
            trees.extend(discover::checkouts(&place));
        }
    }
    // There may have been hundreds of runs in one.
    trees.sort_unstable();
    trees.dedup();
    trees
}
