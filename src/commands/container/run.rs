//! `bn container run`: resolve, prepare, start, supervise, finish.

use clap::{Args as _, Command, FromArgMatches as _};

use crate::cli::container::RunArgs;
use crate::commands::container::asked_ahead::{self, Asked};
use crate::commands::container::configured;
use crate::commands::container::create;
use crate::commands::container::dry_run::DryRun;
use crate::commands::container::notify;
use crate::commands::container::remembered;
use crate::commands::container::report::{RunReport, Started};
use crate::commands::container::resolve::{Resolved, check_line, resolve};
use crate::commands::container::screen;
use crate::commands::graph::orient;
use crate::commands::{Context, Exit};
use crate::error::Failure;
use crate::git::host::Git;
use crate::process::{Cmd, Runner};
use crate::run::engine::Engine;
use crate::run::life::detach;
use crate::run::life::retried;
use crate::run::life::steps::{self, Ready, Starter};
use crate::run::life::supervise::{Interrupt, Owner};
use crate::run::record::census::Seen;
use crate::run::record::run::Run;
use crate::run::record::run_json::Mode;
use crate::run::watch::signals::Signals;

/// What these words would be on a command line.
pub fn of_words(words: impl IntoIterator<Item = String>) -> Result<RunArgs, clap::Error> {
    let parser = RunArgs::augment_args(Command::new("run").no_binary_name(true));
    RunArgs::from_arg_matches(&parser.try_get_matches_from(words)?)
}

/// From its beginning to its end, where nobody is told what became of it.
pub fn to_the_end(args: &RunArgs, context: &Context) -> Result<Run, Failure> {
    let runner = Runner::new(&context.env);
    let git = Git::new(runner.clone());
    let looking = git.remembering();
    let begun = resolve_and_begin(args, context, &runner, &looking, None)?;
    go_on(begun, (&looking, &git), context)
}

/// What was typed, and what the configurations say where it says nothing. `runs` are all that are known.
pub fn of_line(args: RunArgs, context: &Context, runs: &[Seen]) -> Result<Exit, Failure> {
    let ask = |args: &RunArgs, tag: &str, runner: &Runner| match args.dry_run || check_line(args, &context.env).is_err()
    {
        true => None,
        false => asked_ahead::guess(args, tag, runs, context, runner),
    };
    let (args, git, asked) = configured::fill_meanwhile(args, context, ask)?;
    run(&args, &git, asked, context)
}

/// `before` remembers what git has said for the configuration, and `asked` is what containerd was asked meanwhile.
pub fn run(args: &RunArgs, before: &Git, asked: Option<Asked>, context: &Context) -> Result<Exit, Failure> {
    let secret = args.env.iter().chain(&args.secret).filter(|name| !name.contains('='));
    let runner = Runner::new(&context.env).withholding(secret);
    let git = Git::new(runner.clone());
    if args.dry_run {
        context.output.print(&DryRun::of(args, context, &runner)?)?;
        return Ok(Exit::DONE);
    }
    if screen::is_wanted(args, &context.env) {
        return screen::run(args, context, &runner);
    }
    let created = args.branch.as_ref().map(|branch| create::worktree(args, branch, &git, context)).transpose()?;
    // A new worktree is not among what is remembered.
    let looking = if created.is_some() { git.remembering() } else { git.sharing(before) };
    let begun = resolve_and_begin(args, context, &runner, &looking, asked);
    if let (Err(_), Some(created)) = (&begun, &created) {
        created.undo(&git)?;
    }
    let run = go_on(begun?, (&looking, &git), context)?;
    let exit = tell(&run, context)?;
    tell_how_to_go_on(args, &run, context);
    let record = &run.record;
    match (record.spec.detached, &args.notify) {
        (true, Some(wanted)) => notify::later(wanted, record, &runner, &context.env)?,
        (_, wanted) => notify::tell(wanted.as_deref(), record.name(), &notify::outcome(record), context),
    }
    Ok(exit)
}

/// A run that is prepared, and not started.
struct Begun {
    run: Run,
    ready: Ready,
    engine: Engine,
    signals: Signals,
}

/// Resolves, claims and prepares, and leaves nothing behind where one of them fails.
fn resolve_and_begin(
    args: &RunArgs,
    context: &Context,
    runner: &Runner,
    git: &Git,
    asked: Option<Asked>,
) -> Result<Begun, Failure> {
    let Resolved { plan, engine, notes, asked } = resolve(args, context, runner, git, asked)?;
    notes.iter().for_each(|note| context.output.note(note));
    // From here on a signal must not leave anything half done.
    let signals = Signals::catch()?;
    let required = || asked.map_or(Ok(()), |asked| asked.require(context, runner));
    let (run, ready) = steps::begin(&plan, &engine, git, context.output, required)?;
    retried::mark(&run)?;
    if args.worktree.is_none() {
        let checkout = &plan.spec.checkout;
        let (place, branch) = (checkout.worktree.display(), checkout.branch.as_deref().unwrap_or("no branch"));
        context.output.note(format_args!("no worktree is named: the run takes {place} ({branch})"));
    }
    Ok(Begun { run, ready, engine, signals })
}

/// Until the agent has ended, or, detached, until it runs. `looking` remembers what git has said.
fn go_on(begun: Begun, (looking, git): (&Git, &Git), context: &Context) -> Result<Run, Failure> {
    let Begun { mut run, ready, engine, signals } = begun;
    let image = run.record.spec.image.clone();
    let get_image = || asked_ahead::ask(&engine, &image, None).require(context, engine.runner());
    let starter =
        Starter { env: &context.env, engine: &engine, git: looking, output: context.output, get_image: &get_image };
    let started = steps::start(&mut run, ready, &starter, orient::for_run)?;
    if run.record.spec.detached {
        detach::detach(&run, engine.runner(), &context.env, context.output)?;
        return Ok(run);
    }
    let follow = !run.record.spec.terminal;
    let (env, output, interrupt) = (&context.env, context.output, Interrupt::Reaches);
    let (engine, signals) = (&engine, &signals);
    let owner = Owner { env, engine, git, signals, output, follow, interrupt };
    let name = run.name().to_owned();
    steps::live(&mut run, &owner, started, || screen::say_that_it_runs(env, &name))?;
    // What it cannot keep is still on the screen.
    screen::keep(env, &run.folder).unwrap_or_else(|error| output.note(error));
    Ok(run)
}

/// The last words of an agent's screen name what would be typed inside.
fn tell_how_to_go_on(args: &RunArgs, run: &Run, context: &Context) {
    let spec = &run.record.spec;
    if !spec.terminal || spec.mode == Mode::Shell || !spec.command.is_empty() || !remembered::can_go_on(spec) {
        return;
    }
    let typed = |flag: &str| args.given.has(flag);
    let mut again = Cmd::new("bn").args(["container", "run"]).args(&args.worktree);
    if typed("agent") {
        again = again.args(["--agent", spec.agent.program()]);
    }
    if typed("tag") {
        again = again.args(["--tag", &args.tag]);
    }
    context.output.note(format_args!("to go on with this session: {}", again.arg("--continue")));
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
