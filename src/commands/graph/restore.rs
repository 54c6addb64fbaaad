//! `bn restore`: put a copy of the graph back, the way it was before a run.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::graph::RestoreArgs;
use crate::commands::Context;
use crate::data_dir::{DataDir, RepoId};
use crate::env::now;
use crate::error::{Failure, Usage};
use crate::git::host::discover;
use crate::graph::model::text::{count, line};
use crate::graph::store::copies::{self, Copy};
use crate::run::record::census::all_in;

#[derive(Serialize)]
#[serde(transparent)]
struct Copies(Vec<Copy>);

impl fmt::Display for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "There is no copy yet. bn makes one before each run; `bn backup FILE` makes one now.");
        }
        for copy in &self.0 {
            write!(f, "{}  {} KiB, ", copy.name, copy.bytes.div_ceil(1024))?;
            match (copy.tasks, &copy.problem) {
                (Some(tasks), _) => writeln!(f, "{}", count(tasks, "task"))?,
                (None, problem) => writeln!(f, "not usable: {}", line(problem.as_deref().unwrap_or("-"), 120))?,
            }
        }
        writeln!(f, "Nothing was changed: `bn restore COPY` puts one back.")
    }
}

#[derive(Serialize)]
struct Restored {
    copy: PathBuf,
    /// Where the graph is that was replaced.
    replaced: PathBuf,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Restored the graph from {}", self.copy.display())?;
        writeln!(f, "What it replaced is in {}", self.replaced.display())
    }
}

pub fn run(args: &RestoreArgs, context: &Context) -> Result<(), Failure> {
    let data = DataDir::resolve(&context.env)?;
    if data.in_container() {
        return Err(Usage::new("the graph is restored on the host, where its copies are").into());
    }
    let repo = RepoId::of(&discover::main_worktree(&context.env.directory)?);
    let backups = data.graph_backups(&repo);
    if args.anew {
        refuse_in_use(&data, &repo)?;
        let begun = Begun { replaced: copies::restart(&data.graph(Some(&repo)), &backups, now())? };
        return Ok(context.output.print(&begun)?);
    }
    let Some(wanted) = &args.copy else {
        return Ok(context.output.print(&Copies(copies::list(&backups)?))?);
    };
    let copy = find(wanted, &backups, context)?;
    refuse_in_use(&data, &repo)?;
    let replaced = copies::restore(&copy, &data.graph(Some(&repo)), &backups, now())?;
    Ok(context.output.print(&Restored { copy, replaced })?)
}

fn refuse_in_use(data: &DataDir, repo: &RepoId) -> Result<(), Failure> {
    match all_in(&data.runs(repo))?.into_iter().find(|run| run.owned || run.record.state.is_open()) {
        Some(run) => {
            let name = run.record.name();
            Err(anyhow::anyhow!("the run {name} uses the graph; first: bn container stop {name}").into())
        }
        None => Ok(()),
    }
}

#[derive(Serialize)]
struct Begun {
    /// Where everything is that was there.
    replaced: PathBuf,
}

impl fmt::Display for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The next command begins with an empty graph. What there was is in {}", self.replaced.display())
    }
}

/// By its name among the copies, or by its path.
fn find(wanted: &Path, backups: &Path, context: &Context) -> Result<PathBuf, Usage> {
    let places = [backups.join(wanted), context.env.directory.join(wanted)];
    let found = places.into_iter().find(|path| path.is_file());
    found
        .ok_or_else(|| Usage::new(format!("there is no copy {}", wanted.display())).hint("bn restore lists the copies"))
}
