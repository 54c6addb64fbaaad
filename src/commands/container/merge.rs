//! `bn container merge`: finish a run that was interrupted, or whose work could not go to its target.

use crate::cli::container::MergeArgs;
use crate::commands::config::gather::{self, Found};
use crate::commands::container::checks;
use crate::commands::container::filled;
use crate::commands::container::find::Runs;
use crate::commands::container::headline::{commits, in_words};
use crate::commands::container::report::RunReport;
use crate::commands::{Context, Exit};
use crate::config::error::ConfigError;
use crate::error::{Failure, Usage, in_one_sentence};
use crate::git::collect::collected::Collected;
use crate::git::collect::kept;
use crate::git::collect::plan::WORK;
use crate::git::host::Git;
use crate::git::merge::remake::{Shape, Wanted};
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::life::check::Checker;
use crate::run::life::land::{Landing, Merge, Turn};
use crate::run::life::landed;
use crate::run::life::retarget;
use crate::run::life::steps::{self, Resume};
use crate::run::life::supervise::GRACE;
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::run::Run;
use crate::run::record::state::{Ending, Outcome, State};

pub fn run(args: &MergeArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "with work to merge", waits)?;
    let state = seen.record.state.to_string();
    let Some(mut run) = Run::take_over(seen.folder)? else {
        return Err(RunError::StillOwned { name: seen.record.spec.name, state }.into());
    };
    if landed::is_orphaned(&run.record, &run.folder) {
        let place = run.record.spec.checkout.common_dir.clone();
        return Err(RunError::Orphaned { name: run.name().to_owned(), place }.into());
    }
    let runner = Runner::new(&context.env);
    let git = Git::new(runner.clone());
    if let Some(branch) = &args.into {
        retarget::set(&mut run, branch, &git, &context.env.directory)?;
    }
    let connect = || Ok(Engine::connect(&context.env, &runner)?);
    let found = match gather::for_work(&run.record.spec, &git, context) {
        Err(error) if error.is::<ConfigError>() => without_configurations(&error, args, &run, context)?,
        other => other?,
    };
    let args = &filled::fill(args.clone(), &found, false, context)?;
    let checker = Checker { env: &context.env, engine: &connect, signals: None, output: context.output };
    let try_first = checks::of_merge(args, &run.record.spec, &found, context)?;
    let landing = Landing { try_first, checker: Some(checker), ..landing(args, &run)? };
    let consent = |run: &Run, ending| consent(run, ending, args, context);
    let wanted = Resume { landing, grace: GRACE, consent: &consent };
    let step = context.output.step(format_args!("taking over what {} has made", run.name()));
    let troubles = steps::resume(&mut run, &connect, &git, &wanted)?;
    drop(step);
    troubles.iter().for_each(|trouble| context.output.note(format_args!("Warning: {trouble}")));
    let report = RunReport::of(&run.record, &run.folder)?;
    context.output.print(&report)?;
    Ok(Exit(merge_exit(&run, &report)))
}

/// A configuration that cannot be read may want a check. Where it is known without it what is to be tried first, finished work comes home
/// all the same.
fn without_configurations(error: &Failure, args: &MergeArgs, run: &Run, context: &Context) -> Result<Found, Failure> {
    let why = in_one_sentence(error);
    if args.no_check || args.check.is_some() || run.record.spec.check.is_some() {
        context.output.note(format_args!("{why}; this merge takes nothing from configurations"));
        return Ok(Found::nothing());
    }
    let name = run.name();
    let refused = error.hints().into_iter().fold(Usage::new(why), Usage::hint);
    let otherwise = format!("whether it wants a check is not known; without one: bn container merge {name} --no-check");
    Err(refused.hint(otherwise).into())
}

/// What was typed or stands in a configuration, for this run.
fn landing(args: &MergeArgs, run: &Run) -> Result<Landing<'static>, Failure> {
    let shape = match (args.rebase, args.squash, &args.message) {
        (true, ..) => Shape::Rebased,
        (_, true, _) => Shape::Squashed,
        (_, _, Some(_)) => Shape::Merged,
        _ => Shape::FastForward,
    };
    if args.message.as_ref().is_some_and(|message| message.trim().is_empty()) {
        return Err(Usage::new("--message: the message is empty").into());
    }
    let spec = &run.record.spec;
    let on_target = spec.checkout.branch.as_ref() == Some(&spec.target.branch);
    let typed = ["rebase", "squash", "message"].iter().any(|flag| args.given.has(flag));
    let shape = if on_target && !typed { Shape::FastForward } else { shape };
    if on_target && shape != Shape::FastForward {
        let why = format!("{} worked on {} itself: its commits go there as they are", run.name(), spec.target.branch);
        return Err(Usage::new(why).hint(format!("bn container merge {}", run.name())).into());
    }
    Ok(Landing {
        merge: if args.accept_handoff { Merge::Accepted } else { Merge::Wanted },
        wanted: Wanted { shape, message: args.message.clone(), first_target: run.record.first_target.clone() },
        turn: if args.wait { Turn::Wait } else { Turn::OrSay },
        ..Landing::of(Merge::Wanted)
    })
}

/// Whether there is something left to be done for it.
fn waits(run: &Seen) -> bool {
    let record = &run.record;
    let unfinished = !run.owned && record.state != State::Ended && record.state != State::StartFailed;
    let work = record.collected.as_ref().is_some_and(|collected| collected.new_commits > 0 || !collected.complete);
    unfinished || record.needs_sudo || (work && record.outcome.is_some_and(Outcome::leaves_work))
}

/// An agent that failed may have left work that is half done: the user says whether it is merged all the same.
fn consent(run: &Run, ending: Ending, args: &MergeArgs, context: &Context) -> Result<(), Failure> {
    match args.yes || confirmed(run, ending, context)? {
        true => Ok(()),
        false => {
            let look = run.git().map(|git| kept::to_see(&git, &git.reference(WORK)).to_string());
            let (name, how) = (run.name().to_owned(), in_words(ending));
            Err(RunError::Doubtful { name, how, look: look.unwrap_or_default() }.into())
        }
    }
}

/// Asks the user at the terminal. Without a terminal the answer is no.
fn confirmed(run: &Run, ending: Ending, context: &Context) -> Result<bool, Failure> {
    if !context.env.stdin_is_terminal || context.output.is_json() {
        return Ok(false);
    }
    let count = run.record.collected.as_ref().map_or(0, Collected::own_commits);
    let (name, target) = (run.name(), &run.record.spec.target.branch);
    context.output.note(format_args!("{name}: {}. Merge {} into {target}? [y/N]", in_words(ending), commits(count)));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The exit code says whether the merge is done, not how the agent ended.
fn merge_exit(run: &Run, report: &RunReport) -> u8 {
    match run.record.outcome {
        Some(outcome) if outcome.leaves_work() => report.exit_code().max(3),
        _ => 0,
    }
}
