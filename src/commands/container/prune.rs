//! `bn container prune`: forget ended runs whose work is where it was to go.

use std::fmt;

use serde::Serialize;

use crate::commands::container::find::everything;
use crate::commands::{Context, Exit};
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::git::collect::run_refs;
use crate::git::host::Git;
use crate::process::Runner;
use crate::run::record::run_json::{Run, Seen};
use crate::run::record::state::State;
use crate::untrusted::remove;

#[derive(Serialize)]
#[serde(transparent)]
struct Pruned(Vec<String>);

impl fmt::Display for Pruned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|name| writeln!(f, "{name}"))
    }
}

pub fn run(context: &Context) -> Result<Exit, Failure> {
    let data = DataDir::resolve(&context.env)?;
    let git = Git::new(Runner::new(&context.env));
    let mut pruned = Vec::new();
    for seen in everything(&data, context.output)? {
        if forget(&seen, &git)? {
            pruned.push(seen.record.name().to_owned());
        }
    }
    context.output.print(&Pruned(pruned))?;
    Ok(Exit::DONE)
}

fn forget(seen: &Seen, git: &Git) -> Result<bool, Failure> {
    let over = matches!(seen.record.state, State::Ended | State::StartFailed) && !seen.record.needs_sudo;
    if seen.owned || !over || holds_work(seen, git)? {
        return Ok(false);
    }
    // Taken over first: nobody may carry on a run that is being removed.
    let Some(run) = Run::take_over(seen.folder.clone())? else { return Ok(false) };
    let spec = &run.record.spec;
    if spec.common_dir.exists() {
        run_refs::forget(git, &spec.common_dir, &spec.name)?;
    }
    remove::folder(run.folder.path())?;
    Ok(true)
}

fn holds_work(seen: &Seen, git: &Git) -> Result<bool, Failure> {
    match &seen.record.git {
        Some(prepared) if prepared.checkout.common_dir.exists() => {
            let common = &prepared.checkout.common_dir;
            Ok(!run_refs::unmerged(git, common, seen.record.name(), &prepared.target)?.is_empty())
        }
        _ => Ok(false),
    }
}
