//! A target from which the user took commits back while the agent built on them.

use std::collections::HashSet;

use crate::git::host::{Git, GitError, refs};
use crate::git::private::RunGit;

/// Returns the newest commit that the agent saw on the target and built on, and that the target no longer has.
pub fn dropped_commit(git: &Git, run: &RunGit, target: &str, work: &str) -> Result<Option<String>, GitError> {
    let common = &run.checkout.common_dir;
    let seen: Vec<String> = run.seen_targets()?.into_iter().filter(|id| id != target).collect();
    if seen.is_empty() {
        return Ok(None);
    }
    let wanted = seen.iter().map(|id| format!("{id}\n"));
    let input: String = wanted.chain([format!("^{target}\n")]).collect();
    // What is gone from the repository is in nobody's history.
    let cmd = git.in_dir(common).args(["rev-list", "--ignore-missing", "--stdin"]);
    let outside = git.read_with_input("look for what was taken back", &cmd, input.as_bytes())?.text();
    let outside: HashSet<&str> = outside.lines().collect();
    for id in seen.iter().rev().filter(|id| outside.contains(id.as_str())) {
        if refs::is_ancestor(git, common, id, work)? {
            return Ok(Some(id.clone()));
        }
    }
    Ok(None)
}
