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
use crate::run::life::lasting::{Emptied, Lasting};
use crate::run::record::RunError;

/// What became of a folder that was to be emptied.
#[derive(Serialize)]
pub struct Fate {
    /// What was in it; `null` where it could not be measured.
    bytes: Option<u64>,
    /// The run that uses it, for which it was kept.
    kept_for: Option<String>,
}

impl Fate {
    /// Empties a folder, unless a run uses it.
    pub fn of(folder: &Lasting) -> Result<Self, Failure> {
        let bytes = folder.size();
        let kept_for = match folder.empty(None)? {
            Emptied::Gone => None,
            Emptied::UsedBy(name) => Some(name),
        };
        Ok(Self { bytes, kept_for })
    }

    /// In words. `gone` says what was done to it where it was not kept.
    pub fn tell(&self, f: &mut fmt::Formatter<'_>, gone: &str, what: &str) -> fmt::Result {
        let size = self.bytes.map_or_else(|| "of a size that cannot be measured".to_owned(), room);
        match &self.kept_for {
            None => writeln!(f, "{gone} {what}: {size}"),
            Some(run) => writeln!(f, "kept {what}: {size}, in use by the run {run}"),
        }
    }
}

/// The caches of one repository, and what became of them.
#[derive(Serialize)]
struct Row {
    /// The folder.
    caches: String,
    #[serde(flatten)]
    fate: Fate,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Report(Vec<Row>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|Row { caches, fate }| fate.tell(f, "emptied", caches))
    }
}

pub fn prune(scope: &ScopeArgs, context: &Context) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    let step = context.output.step("looking for caches");
    for caches in wanted(scope, context)? {
        step.says(format_args!("emptying {}", caches.folder.display()));
        rows.push(Row { caches: caches.folder.display().to_string(), fate: Fate::of(&caches)? });
    }
    drop(step);
    if rows.is_empty() && !context.output.is_json() {
        context.output.note("there are no caches");
    }
    context.output.print(&Report(rows))?;
    Ok(Exit::DONE)
}

/// Those who forget runs hear of caches, where there are any worth emptying.
pub fn tell(scope: &ScopeArgs, context: &Context) -> Result<(), Failure> {
    tell_of("package managers' caches are kept", "--caches", &wanted(scope, context)?, scope, context);
    Ok(())
}

/// One line about folders, with the flag that empties them.
pub fn tell_of(what: &str, flag: &str, found: &[Lasting], scope: &ScopeArgs, context: &Context) {
    let bytes = found.iter().map(Lasting::size).try_fold(0u64, |sum, size| Some(sum.saturating_add(size?)));
    // Folders alone, each with a block of its own, are nothing to empty.
    if bytes.is_none_or(|bytes| bytes >= 1_000_000) {
        let size = bytes.map_or_else(String::new, |bytes| format!(" ({})", room(bytes)));
        let all = if scope.all_repositories { " --all-repositories" } else { "" };
        context.output.note(format_args!("{what}{size}: bn container prune {flag}{all}"));
    }
}

/// Those of this repository, or of all, as far as there are any.
fn wanted(scope: &ScopeArgs, context: &Context) -> Result<Vec<Lasting>, Failure> {
    let data = DataDir::resolve(&context.env)?;
    let of = |repo: &RepoId| Lasting { folder: data.caches(repo), runs: data.runs(repo) };
    let repositories = repositories(scope, context, &data.all_caches(), "--caches")?;
    Ok(repositories.iter().map(of).filter(Lasting::exist).collect())
}

/// The repositories that are meant: this one, or all that have a folder in `all`.
pub fn repositories(scope: &ScopeArgs, context: &Context, all: &Path, flag: &str) -> Result<Vec<RepoId>, Failure> {
    if scope.all_repositories {
        return Ok(DataDir::repositories_in(all).map_err(|source| RunError::io("read", all, source))?);
    }
    let unknown = |_| {
        Usage::new("this folder is in no repository: bn cannot tell what to empty")
            .hint(format!("cd into one, or: bn container prune {flag} --all-repositories"))
    };
    Ok(vec![RepoId::of(&discover::main_worktree(&context.env.directory).map_err(unknown)?)])
}
