//! `bn container prune`: forget ended runs whose work is where it was to go, and say why others are kept.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::cli::container::PruneArgs;
use crate::commands::container::find::Runs;
use crate::commands::container::{caches, prune_worktrees, remembered, sign_in_stage};
use crate::commands::{Context, Exit};
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::git::collect::collected::{BranchOutcome, Collected};
use crate::git::collect::run_refs;
use crate::git::host::Git;
use crate::process::Runner;
use crate::run::life::{discard, landed, tell};
use crate::run::record::census::Seen;
use crate::run::record::run::Run;
use crate::run::record::run_json::{Mode, Record};
use crate::run::record::state::{Outcome, State};
use crate::untrusted::remove;

/// Of an agent program's own sign-in.
const CUT_OFF: &str = "bn was killed before it had signed in";

/// So much of what a run keeps is named.
const MOST_NAMED: usize = 10;

#[derive(Default)]
struct Pruned {
    forgot: Vec<Forgot>,
    kept: Vec<Kept>,
}

/// A run that is gone.
struct Forgot {
    name: String,
    why: String,
}

/// A run that is not running and was kept.
#[derive(Serialize)]
pub struct Kept {
    name: String,
    why: String,
    /// What to type to get rid of it, one line each.
    ways: Vec<String>,
}

enum Verdict {
    Forgot(Forgot),
    Kept(Kept),
    /// Its owner lives, or it is gone.
    Running,
}

impl Serialize for Pruned {
    /// The names of those that are gone.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.forgot.iter().map(|forgot| &forgot.name))
    }
}

impl fmt::Display for Pruned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.forgot.iter().try_for_each(|forgot| writeln!(f, "forgot {}: {}", forgot.name, forgot.why))?;
        self.kept.iter().try_for_each(|kept| writeln!(f, "{kept}"))
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kept {}: {}", self.name, self.why)?;
        self.ways.iter().try_for_each(|way| write!(f, "\n  {way}"))
    }
}

pub fn run(args: &PruneArgs, context: &Context) -> Result<Exit, Failure> {
    if args.caches {
        return caches::prune(&args.scope, context);
    }
    if args.agents {
        return remembered::prune(&args.scope, context);
    }
    discard::expire(DataDir::resolve(&context.env)?.repositories())?;
    let git = Git::new(Runner::new(&context.env));
    let runs = Runs::read(context)?.to_change(args.scope.all_repositories, "prune")?;
    let mut pruned = Pruned::default();
    let mut failures = Vec::new();
    let step = context.output.step("looking for what can be forgotten");
    for name in sign_in_stage::tidy(context)? {
        pruned.forgot.push(Forgot { name, why: CUT_OFF.to_owned() });
    }
    for (nth, seen) in runs.iter().enumerate() {
        step.says(format_args!("looking at {}, {} of {}", seen.record.name(), nth + 1, runs.len()));
        match forget(seen, &git) {
            Ok(Verdict::Forgot(forgot)) => pruned.forgot.push(forgot),
            Ok(Verdict::Kept(kept)) => pruned.kept.push(kept),
            Ok(Verdict::Running) => {}
            // One that cannot be looked at is no reason not to look at the others.
            Err(failure) => failures.push((seen.record.name(), failure)),
        }
    }
    drop(step);
    context.output.print(&pruned)?;
    if context.output.is_json() {
        pruned.kept.iter().for_each(|kept| context.output.note(kept));
    } else if pruned.forgot.is_empty() && pruned.kept.is_empty() && failures.is_empty() {
        context.output.note("there is nothing to forget");
    }
    let _step = context.output.step("measuring what is kept beside runs");
    caches::tell(&args.scope, context)?;
    remembered::tidy(&args.scope, context)?;
    prune_worktrees::tell(&args.scope, context)?;
    failures.iter().for_each(|(name, _)| {
        let way = format!("bn container discard {name}");
        context.output.note(format_args!("kept {name}: it could not be checked; to give it up: {way}"));
    });
    failures.into_iter().next().map_or(Ok(Exit::DONE), |(_, failure)| Err(failure))
}

fn forget(seen: &Seen, git: &Git) -> Result<Verdict, Failure> {
    if seen.owned || seen.is_left_sign_in() {
        return Ok(Verdict::Running);
    }
    // Merged by hand, perhaps: its tasks are done then.
    if landed::may_have_landed(seen) {
        landed::settle(seen.clone(), git)?;
    }
    if let Some(kept) = kept(seen, git)? {
        return Ok(Verdict::Kept(kept));
    }
    // Taken over first: nobody may carry on a run that is being removed.
    let Some(run) = Run::take_over(seen.folder.clone())? else { return Ok(Verdict::Running) };
    tell::given_up(&run.record, "forgotten")?;
    let spec = &run.record.spec;
    if spec.checkout.common_dir.exists() {
        run_refs::forget(git, &spec.checkout.common_dir, &spec.name, run.folder.path())?;
    }
    remove::folder(run.folder.path())?;
    Ok(Verdict::Forgot(Forgot { name: spec.name.clone(), why: why_forgotten(&run.record) }))
}

/// Why an ended run has to stay, and what ends that.
pub fn kept(seen: &Seen, git: &Git) -> Result<Option<Kept>, Failure> {
    if seen.is_left_sign_in() {
        return Ok(None);
    }
    let record = &seen.record;
    let name = record.name().to_owned();
    let merge = format!("bn container merge {name}");
    let discard = format!("or give it up, a copy is kept for {} days: bn container discard {name}", discard::DAYS);
    let keep = |why: &str, ways: Vec<String>| Ok(Some(Kept { name: name.clone(), why: why.to_owned(), ways }));
    match record.state {
        state if state.is_open() => {
            return keep("it was interrupted before it was finished", vec![format!("finish it: {merge}"), discard]);
        }
        State::CollectFailed => {
            return keep("its commits could not be taken over", vec![format!("try again: {merge}"), discard]);
        }
        _ if record.needs_sudo => {
            return keep(
                "its container is still there",
                vec![format!("remove the container, which takes sudo: {merge}")],
            );
        }
        _ if record.keeps_rest(&seen.folder) => {
            let held = record.collected.as_ref().and_then(packed);
            let mut ways = vec![match held {
                Some(_) => format!("take it over and merge it all the same: {merge} --accept-handoff"),
                None => format!("try again: {merge}"),
            }];
            ways.extend(
                landed::kept(record, &seen.folder, git)?.into_iter().map(|kept| format!("{}: {}", kept.what, kept.get)),
            );
            ways.push(discard);
            let why = held.map_or_else(String::new, |why| format!(": {why}"));
            return keep(&format!("not all of its work could be taken over{why}"), ways);
        }
        _ if landed::is_orphaned(record, &seen.folder) => {
            let place = record.spec.checkout.common_dir.display();
            let back = format!("put the repository back where it was, then: bn container merge {name}");
            let gone = if record.spec.checkout.common_dir.exists() { "is another one now" } else { "is gone" };
            return keep(&format!("its repository {place} {gone}, and its work is nowhere else"), vec![back, discard]);
        }
        _ => {}
    }
    let work = landed::kept(record, &seen.folder, git)?;
    if work.is_empty() {
        return Ok(None);
    }
    let (own, beside): (Vec<_>, Vec<_>) = work.iter().partition(|kept| kept.is_work());
    let mut why = ended(record);
    let mut ways = Vec::new();
    match own.first() {
        Some(own) => {
            why.push_str(&format!(", and {} does not have its work", record.spec.target.branch));
            ways.extend([format!("look at it: {}", own.get), format!("merge it: {merge}")]);
        }
        None => {
            let what: Vec<&str> = beside.iter().take(MOST_NAMED).map(|kept| kept.what.as_str()).collect();
            why.push_str(&format!(", and nothing else has {}", what.join(", ")));
        }
    }
    ways.extend(beside.iter().take(MOST_NAMED).map(|kept| format!("{}: {}", kept.what, kept.get)));
    if beside.len() > MOST_NAMED {
        ways.push(format!("{} more: bn container inspect {name}", beside.len() - MOST_NAMED));
    }
    ways.push(discard);
    Ok(Some(Kept { name, why, ways }))
}

/// Why the agent's objects were not unpacked: the run's own, or those of a submodule.
fn packed(collected: &Collected) -> Option<&String> {
    match &collected.branch {
        BranchOutcome::Packed { why } => Some(why),
        _ => collected.submodules.iter().find_map(packed),
    }
}

fn ended(record: &Record) -> String {
    record.ending.map_or_else(|| record.state.to_string(), |ending| ending.to_string())
}

/// Why an ended run need not stay.
pub fn why_forgotten(record: &Record) -> String {
    if record.spec.mode == Mode::SignIn {
        return CUT_OFF.to_owned();
    }
    let target = &record.spec.target.branch;
    let commits = record.collected.as_ref().map_or(0, |collected| collected.new_commits);
    match record.outcome {
        _ if record.state == State::StartFailed => "its agent was never started".to_owned(),
        Some(Outcome::Merged) => format!("{}, merged into {target}", ended(record)),
        _ if commits == 0 => format!("{}, nothing to merge", ended(record)),
        _ => format!("{}, {target} has its work", ended(record)),
    }
}
