//! `bn container prune --caches`: empty what package managers have kept between runs.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::cli::container::ScopeArgs;
use crate::commands::container::amounts::room;
use crate::commands::{Context, Exit};
use crate::data_dir::{DataDir, RepoId};
use crate::error::{Failure, Usage};
use crate::git::host::discover;
use crate::run::life::caches::{Caches, Emptied};
use crate::run::record::RunError;

/// The caches of one repository, and what became of them.
#[derive(Serialize)]
struct Row {
    /// The folder.
    caches: String,
    /// `null` where it could not be measured.
    bytes: Option<u64>,
    /// The run that uses them, for which they were kept.
    kept_for: Option<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Report(Vec<Row>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row { caches, bytes, kept_for } in &self.0 {
            let size = bytes.map_or_else(|| "of a size that cannot be measured".to_owned(), room);
            match kept_for {
                None => writeln!(f, "emptied {caches}: {size}")?,
                Some(run) => writeln!(f, "kept {caches}: {size}, in use by the run {run}")?,
            }
        }
        Ok(())
    }
}

pub fn prune(scope: &ScopeArgs, context: &Context) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for caches in wanted(scope, context)? {
        let (folder, bytes) = (caches.folder.display().to_string(), caches.size());
        let kept_for = match caches.empty(None)? {
            Emptied::Gone => None,
            Emptied::UsedBy(name) => Some(name),
        };
        rows.push(Row { caches: folder, bytes, kept_for });
    }
    if rows.is_empty() && !context.output.is_json() {
        context.output.note("there are no caches");
    }
    context.output.print(&Report(rows))?;
    Ok(Exit::DONE)
}

/// One line for who forgets runs, where there is something to empty.
pub fn tell(scope: &ScopeArgs, context: &Context) -> Result<(), Failure> {
    let found = wanted(scope, context)?;
    let bytes = found.iter().map(Caches::size).try_fold(0u64, |sum, size| Some(sum.saturating_add(size?)));
    // Folders alone, each with a block of its own, are nothing to empty.
    if bytes.is_none_or(|bytes| bytes >= 1_000_000) {
        let size = bytes.map_or_else(String::new, |bytes| format!(" ({})", room(bytes)));
        let all = if scope.all_repositories { " --all-repositories" } else { "" };
        context.output.note(format_args!("package managers' caches are kept{size}: bn container prune --caches{all}"));
    }
    Ok(())
}

/// Those of this repository, or of all, as far as there are any.
fn wanted(scope: &ScopeArgs, context: &Context) -> Result<Vec<Caches>, Failure> {
    let data = DataDir::resolve(&context.env)?;
    let of = |repo: &RepoId| Caches { folder: data.caches(repo), runs: data.runs(repo) };
    let repositories = match scope.all_repositories {
        true => data.with_caches().map_err(|source| RunError::io("read", &data.all_caches(), source))?,
        false => vec![RepoId::of(&here(&context.env.directory)?)],
    };
    Ok(repositories.iter().map(of).filter(Caches::exist).collect())
}

fn here(directory: &Path) -> Result<std::path::PathBuf, Usage> {
    let unknown = |_| {
        Usage::new("this folder is in no repository: bn cannot tell which caches to empty")
            .hint("cd into one, or: bn container prune --caches --all-repositories")
    };
    discover::main_worktree(directory).map_err(unknown)
}
