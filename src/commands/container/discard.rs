//! `bn container discard`: the way out of every state. What a run made is kept for a while, and blocks no other run.

use std::fmt;
use std::io::BufRead;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::cli::container::DiscardArgs;
use crate::commands::container::find::{Runs, any};
use crate::commands::container::remembered;
use crate::commands::{Context, Exit};
use crate::data_dir::DataDir;
use crate::env::now;
use crate::error::{Failure, Usage};
use crate::git::host::Git;
use crate::process::{Cmd, Runner};
use crate::run::engine::Engine;
use crate::run::life::check;
use crate::run::life::discard::{self, Copy, DAYS};
use crate::run::life::over;
use crate::run::record::RunError;
use crate::run::record::check::Check;
use crate::run::record::lock::Lock;
use crate::run::record::run::Run;
use crate::run::record::unreadable::Unreadable;

#[derive(Serialize)]
struct Discarded {
    name: String,
    /// Where the copy is.
    folder: PathBuf,
    bundle: Option<PathBuf>,
    notes: Vec<String>,
    #[serde(skip)]
    repository: Option<PathBuf>,
}

impl fmt::Display for Discarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))?;
        writeln!(f, "discarded {}; a copy is kept for {DAYS} days in {}", self.name, self.folder.display())?;
        let (Some(bundle), Some(repository)) = (&self.bundle, &self.repository) else { return Ok(()) };
        let fetch = Cmd::new("git").arg("-C").arg(repository).arg("fetch").arg(bundle);
        let refs = format!("refs/binnacle/runs/{0}/*:refs/heads/{0}/*", self.name);
        writeln!(f, "hint: to get its commits back: {}", fetch.arg(refs))
    }
}

pub fn run(args: &DiscardArgs, context: &Context) -> Result<Exit, Failure> {
    let runs = Runs::read(context)?;
    let runner = Runner::new(&context.env);
    discard::expire(DataDir::resolve(&context.env)?.repositories())?;
    let report = match runs.unreadable(&args.name) {
        Some(lost) => unreadable(lost, args, context, &runner)?,
        None => readable(&runs, args, context, &runner)?,
    };
    context.output.print(&report)?;
    Ok(Exit::DONE)
}

fn readable(runs: &Runs, args: &DiscardArgs, context: &Context, runner: &Runner) -> Result<Discarded, Failure> {
    let seen = runs.named(&args.name, any)?;
    let git = Git::new(runner.clone());
    let name = seen.record.name().to_owned();
    let owned = || RunError::StillOwned { name: name.clone(), state: seen.record.state.to_string() };
    if seen.owned {
        return Err(owned().into());
    }
    let step = context.output.step(format_args!("looking for what only {name} has"));
    let only = discard::only_there(&seen, &git);
    drop(step);
    ask(&name, &only, args, context)?;
    let step = context.output.step(format_args!("keeping a copy of {name}"));
    let mut run = Run::take_over(seen.folder.clone())?.ok_or_else(owned)?;
    let checks = run.record.check.as_ref().is_some_and(Check::is_open);
    if checks || run.record.state.is_open() || run.record.needs_sudo {
        let engine = Engine::connect(&context.env, runner)?;
        check::clear(&mut run, &engine)?;
        over::halt(&mut run, &engine, Duration::ZERO)?;
        over::clean_up(&mut run, &engine)?;
    }
    let copy = discard::run(&run, &git, now())?;
    drop(step);
    remembered::forget_gone(&run.record.spec.repo(), context)?;
    Ok(discarded(name, copy, Some(run.record.spec.checkout.main_worktree.clone())))
}

fn unreadable(lost: &Unreadable, args: &DiscardArgs, context: &Context, runner: &Runner) -> Result<Discarded, Failure> {
    let name = lost.name();
    if matches!(lost.error, RunError::Newer { .. }) {
        return Err(Usage::new(format!("{name} was made by a newer bn")).hint("use the newer bn").into());
    }
    ask(
        &name,
        &["all that it made: its record cannot be read, so bn cannot tell what that is".to_owned()],
        args,
        context,
    )?;
    let path = lost.folder.lock();
    let lock = Lock::try_take(&path).map_err(|source| RunError::io("lock", &path, source))?;
    let _lock = lock.ok_or_else(|| lost.in_the_way(true))?;
    let engine = Engine::connect(&context.env, runner)?;
    if engine.has_container(&name)? {
        return Err(lost.in_the_way(true).into());
    }
    let (copy, repository) = discard::unreadable(&lost.folder, &Git::new(runner.clone()), now())?;
    Ok(discarded(name, copy, repository))
}

fn discarded(name: String, copy: Copy, repository: Option<PathBuf>) -> Discarded {
    Discarded { name, folder: copy.folder, bundle: copy.bundle, notes: copy.notes, repository }
}

/// Says what goes, and wants a yes.
fn ask(name: &str, only: &[String], args: &DiscardArgs, context: &Context) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    match only.is_empty() {
        true => context.output.note(format_args!("all that {name} made is elsewhere, too")),
        false => {
            context.output.note(format_args!("only {name} has:"));
            only.iter().for_each(|line| context.output.note(format_args!("  {line}")));
        }
    }
    if !context.env.stdin_is_terminal {
        let hint = format!("bn container discard --yes {name}");
        return Err(Usage::new(format!("discarding {name} has to be confirmed, and there is no terminal to ask on"))
            .hint(hint)
            .into());
    }
    context.output.note(format_args!("discard {name}? A copy is kept for {DAYS} days. [y/N]"));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Usage::new(format!("{name} is kept")).into()),
    }
}
