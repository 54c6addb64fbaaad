//! `bn container run`: resolve, prepare, start, hold.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;

use serde::Serialize;

use crate::cli::container::RunArgs;
use crate::commands::container::dry_run::DryRun;
use crate::commands::container::report::RunReport;
use crate::commands::container::resolve::{Resolved, resolve};
use crate::commands::{Context, Exit};
use crate::container::ctr::Streams;
use crate::env::own_program;
use crate::error::{Failure, Usage};
use crate::failpoint::{self, Point};
use crate::git::host::worktree_add::{self, Added};
use crate::git::host::{Git, repository, target};
use crate::process::{Cmd, Runner};
use crate::run::life::conflicts;
use crate::run::life::hold::{self, Owner};
use crate::run::life::prepare::{claim, prepare, undo};
use crate::run::life::start::start;
use crate::run::record::RunError;
use crate::run::record::run_json::Run;
use crate::run::watch::signals::Signals;

/// What the owner of a detached run says once the agent runs.
pub const HELD: &str = "held";

pub fn run(args: &RunArgs, context: &Context) -> Result<Exit, Failure> {
    let secret = args.env.iter().chain(&args.secret).filter(|name| !name.contains('='));
    let runner = Runner::new(&context.env).withholding(secret);
    let git = Git::new(runner.clone());
    if args.dry_run {
        let resolved = resolve(args, context, &runner, &git)?;
        resolved.notes.iter().for_each(|note| context.output.note(note));
        context.output.print(&DryRun::of(&resolved, &runner, &git)?)?;
        return Ok(Exit::DONE);
    }
    let created = args.branch.as_ref().map(|branch| create_worktree(args, branch, &git, context)).transpose()?;
    let begun = begin(args, context, &runner, &git);
    if let (Err(_), Some(created)) = (&begun, &created) {
        created.undo(&git)?;
    }
    let (resolved, signals, mut run) = begun?;
    go_on(&mut run, &resolved, &git, &signals, context)?;
    tell(&run, context)
}

/// `--create`: the branch starts where the target is, so that its work can be fast-forwarded.
fn create_worktree(args: &RunArgs, branch: &str, git: &Git, context: &Context) -> Result<Added, Failure> {
    let Some(path) = &args.worktree else {
        let example = Cmd::new("bn").args(["container", "run", "--create", "-b", branch]).arg(format!("../{branch}"));
        return Err(Usage::new("--create needs the path of the new worktree")
            .hint(format!("such as: {example}"))
            .into());
    };
    let directory = &context.env.directory;
    let repository = repository::resolve(git, directory)?;
    let target = target::resolve(git, &repository, args.merge_target.as_deref())?;
    Ok(worktree_add::add(git, &repository, &directory.join(path), branch, &target.branch)?)
}

/// Resolves, claims and prepares, and leaves nothing behind where one of them fails.
fn begin(args: &RunArgs, context: &Context, runner: &Runner, git: &Git) -> Result<(Resolved, Signals, Run), Failure> {
    let resolved = resolve(args, context, runner, git)?;
    resolved.notes.iter().for_each(|note| context.output.note(note));
    resolved.engine.require_image(&resolved.plan.spec.container.image)?;
    // From here on a signal must not leave anything half done.
    let signals = Signals::catch()?;
    let run = claim_and_prepare(&resolved, git, context)?;
    if args.worktree.is_none() {
        let spec = &resolved.plan.spec;
        let (place, branch) = (spec.worktree.display(), spec.branch.as_deref().unwrap_or("no branch"));
        context.output.note(format_args!("no worktree is named: the run takes {place} ({branch})"));
    }
    Ok((resolved, signals, run))
}

/// Claims the name and prepares. A run that fails here was never there.
fn claim_and_prepare(resolved: &Resolved, git: &Git, context: &Context) -> Result<Run, Failure> {
    let plan = &resolved.plan;
    if resolved.engine.has_container(&plan.spec.name)? {
        let name = plan.spec.name.clone();
        return Err(RunError::NameInUse {
            name,
            why: "is a container of another run",
            hint: "choose another with --name".to_owned(),
        }
        .into());
    }
    // A run of which nothing can be read has no owner that would tell; its container does.
    for lost in conflicts::unreadable(plan)? {
        if resolved.engine.has_container(&lost.name())? {
            return Err(lost.in_the_way(true).into());
        }
    }
    let mut run = claim(plan, git)?;
    match prepare(&mut run, plan, git) {
        Ok(()) => {
            let notes = run.record.git.iter().flat_map(|git| &git.notes);
            notes.for_each(|note| context.output.note(note));
            Ok(run)
        }
        Err(error) => {
            undo(&run, git)?;
            Err(error)
        }
    }
}

/// Until the agent has ended, or, detached, until it runs.
fn go_on(run: &mut Run, resolved: &Resolved, git: &Git, signals: &Signals, context: &Context) -> Result<(), Failure> {
    let spec = &resolved.plan.spec;
    let foreground = start(run, &resolved.engine, git, &resolved.plan.user, context.output)?;
    if spec.detached {
        return detach(run, resolved.engine.runner());
    }
    let follow = matches!(spec.container.streams, Streams::Log(_));
    let owner = Owner { env: &context.env, engine: &resolved.engine, git, signals, output: context.output, follow };
    hold::hold(run, &owner, foreground)
}

/// Says what became of it. Standard output belongs to the agent, but for programs that asked for JSON.
fn tell(run: &Run, context: &Context) -> Result<Exit, Failure> {
    if run.record.spec.detached {
        context.output.print(&Started { name: run.name() })?;
        return Ok(Exit::DONE);
    }
    let report = RunReport::of(&run.record, &run.folder)?;
    match context.output.is_json() {
        true => context.output.print(&report)?,
        false => context.output.note(report.to_string().trim_end()),
    }
    Ok(Exit(report.exit_code()))
}

#[derive(Serialize)]
struct Started<'a> {
    name: &'a str,
}

impl fmt::Display for Started<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)
    }
}

/// Hands the run, and its lock, to the same program in a session of its own; returns once it holds the agent.
fn detach(run: &Run, runner: &Runner) -> Result<(), Failure> {
    let cmd = Cmd::new(own_program()?).args(["container", "own"]).arg(run.folder.path());
    let log_path = run.folder.owner_log();
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&log_path);
    let log = log.map_err(|source| RunError::io("write", &log_path, source))?;
    let mut owner = runner.spawn_apart(&cmd, run.lock().hand_down()?, Stdio::piped(), Stdio::from(log))?;
    failpoint::reached(Point::OwnerStarted);
    let mut word = String::new();
    if let Some(stdout) = owner.stdout.take() {
        BufReader::new(stdout).read_line(&mut word)?;
    }
    if word.trim() != HELD {
        let log = File::open(&log_path).and_then(crate::process::tail).unwrap_or_default();
        return Err(RunError::OwnerDied { name: run.name().to_owned(), log: log.trim().to_owned() }.into());
    }
    Ok(())
}
