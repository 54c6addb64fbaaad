//! The worktrees in which agents work or have worked: `bn` starts no program from there.

use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::git::host::discover;
use crate::run::record::census::Seen;

/// All checkouts of the repositories that a command is about, and those of every run that is known.
pub fn find(env: &Env, worktree: Option<&Path>, runs: &[Seen]) -> Vec<PathBuf> {
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
    trees
}
