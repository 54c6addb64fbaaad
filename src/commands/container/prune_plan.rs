//! `bn container prune --dry-run`: what `prune` would do, and how much room that makes.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::container::PruneArgs;
use crate::commands::container::amounts::room;
use crate::commands::container::find::Runs;
use crate::commands::container::measured::measured;
use crate::commands::container::prune::{Kept, kept, why_forgotten};
use crate::commands::container::{caches, prune_images, prune_worktrees, remembered};
use crate::commands::{Context, Exit};
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::git::host::Git;
use crate::process::Runner;
use crate::run::life::discard;
use crate::run::record::census::Seen;

#[derive(Default, Serialize)]
struct Plan {
    forget: Vec<Forgettable>,
    keep: Vec<Kept>,
    /// Copies of discarded runs, whose time is over.
    copies: Vec<Aged>,
    /// What all of it takes on the disk; `None` where that could not be measured.
    bytes: Option<u64>,
}

/// A run that would be forgotten.
#[derive(Serialize)]
struct Forgettable {
    name: String,
    why: String,
    bytes: Option<u64>,
}

/// A copy that would be removed.
#[derive(Serialize)]
struct Aged {
    folder: PathBuf,
    bytes: Option<u64>,
}

pub fn run(args: &PruneArgs, context: &Context) -> Result<Exit, Failure> {
    let git = Git::new(Runner::new(&context.env));
    let runs = Runs::read(context)?.to_change(args.scope.all_repositories, "prune --dry-run")?;
    let mut plan = Plan::default();
    let mut failures = Vec::new();
    for seen in runs.iter().filter(|seen| !seen.owned) {
        match kept(seen, &git) {
            Ok(Some(kept)) => plan.keep.push(kept),
            Ok(None) => plan.forget.push(forgettable(seen)),
            // One that cannot be looked at is no reason not to look at the others.
            Err(failure) => failures.push((seen.record.name(), failure)),
        }
    }
    let copies = discard::expired(DataDir::resolve(&context.env)?.repositories());
    plan.copies = copies.into_iter().map(|folder| Aged { bytes: measured(&folder), folder }).collect();
    let bytes = plan.sizes().try_fold(0u64, |sum, bytes| Some(sum.saturating_add(bytes?)));
    plan.bytes = bytes;
    let nothing = plan.forget.is_empty() && plan.keep.is_empty() && plan.copies.is_empty() && failures.is_empty();
    if nothing && !context.output.is_json() {
        context.output.note("there is nothing to forget");
    } else {
        context.output.print(&plan)?;
    }
    caches::tell(&args.scope, context)?;
    remembered::tell(&args.scope, context)?;
    prune_worktrees::tell(&args.scope, context)?;
    prune_images::tell(&args.scope, context)?;
    for (name, _) in &failures {
        context.output.note(format_args!("{name} would be kept: it could not be checked"));
    }
    failures.into_iter().next().map_or(Ok(Exit::DONE), |(_, failure)| Err(failure))
}

fn forgettable(seen: &Seen) -> Forgettable {
    let record = &seen.record;
    Forgettable { name: record.name().to_owned(), why: why_forgotten(record), bytes: measured(seen.folder.path()) }
}

impl Plan {
    fn sizes(&self) -> impl Iterator<Item = Option<u64>> {
        self.forget.iter().map(|run| run.bytes).chain(self.copies.iter().map(|copy| copy.bytes))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |bytes: Option<u64>| bytes.map_or_else(|| "of unknown size".to_owned(), room);
        for Forgettable { name, why, bytes } in &self.forget {
            writeln!(f, "would forget {name}: {why} ({})", size(*bytes))?;
        }
        for Aged { folder, bytes } in &self.copies {
            let days = discard::DAYS;
            writeln!(f, "would remove a copy older than {days} days: {} ({})", folder.display(), size(*bytes))?;
        }
        for kept in &self.keep {
            writeln!(f, "{}", kept.to_string().replacen("kept ", "would keep ", 1))?;
        }
        match self.bytes {
            _ if self.forget.is_empty() && self.copies.is_empty() => Ok(()),
            Some(bytes) => writeln!(f, "room that this makes: {}", room(bytes)),
            None => writeln!(f, "room that this makes: not all of it can be measured"),
        }
    }
}
