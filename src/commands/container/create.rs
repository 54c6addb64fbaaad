//! `bn container run --create`: the worktree, and the branch that its work is on.

use std::path::Path;

use crate::cli::container::RunArgs;
use crate::commands::Context;
use crate::error::{Failure, Usage};
use crate::git::host::checkout::Checkout;
use crate::git::host::repository::Repository;
use crate::git::host::worktree_add::{self, Added};
use crate::git::host::{Git, repository, target};
use crate::process::Cmd;

/// Makes both. The branch starts where the target is, so that its work can be fast-forwarded.
pub fn worktree(args: &RunArgs, branch: &str, git: &Git, context: &Context) -> Result<Added, Failure> {
    let (path, repository, start) = wanted(args, branch, git, context)?;
    Ok(worktree_add::add(git, &repository, &context.env.directory.join(path), branch, &start)?)
}

/// What `worktree` would make.
pub fn would_be(args: &RunArgs, branch: &str, git: &Git, context: &Context) -> Result<Checkout, Failure> {
    let (path, repository, start) = wanted(args, branch, git, context)?;
    Ok(worktree_add::would_be(git, &repository, &context.env.directory.join(path), branch, &start)?)
}

/// Where it is to be, of which repository, and the branch at which its own one starts.
fn wanted<'a>(
    args: &'a RunArgs,
    branch: &str,
    git: &Git,
    context: &Context,
) -> Result<(&'a Path, Repository, String), Failure> {
    let Some(path) = &args.worktree else {
        let example = Cmd::new("bn").args(["container", "run", "--create", "-b", branch]).arg(format!("../{branch}"));
        return Err(Usage::new("--create needs the path of the new worktree")
            .hint(format!("such as: {example}"))
            .into());
    };
    let repository = repository::resolve(git, &context.env.directory)?;
    let target = target::resolve(git, &repository, args.merge_target.as_deref())?;
    Ok((path, repository, target.branch))
}
