//! `bn container merge`: finish a run that was interrupted, or whose work could not go to its target.

use crate::cli::container::MergeArgs;
use crate::commands::container::find::Runs;
use crate::commands::container::headline::{commits, in_words};
use crate::commands::container::report::RunReport;
use crate::commands::{Context, Exit};
use crate::error::Failure;
use crate::git::collect::collected::Collected;
use crate::git::host::Git;
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::life::finish::{self, Merge};
use crate::run::life::hold::GRACE;
use crate::run::life::{landed, tell};
use crate::run::record::RunError;
use crate::run::record::run_json::{Run, Seen};
use crate::run::record::state::{Ending, Outcome, State};

pub fn run(args: &MergeArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "with work to merge", waits)?;
    let state = seen.record.state.to_string();
    let Some(mut run) = Run::take_over(seen.folder)? else {
        return Err(RunError::StillOwned { name: seen.record.spec.name, state }.into());
    };
    let runner = Runner::new(&context.env);
    let merge = if args.accept_handoff { Merge::Accepted } else { Merge::Wanted };
    carry_on(&mut run, args, context, &runner, merge)?;
    let report = RunReport::of(&run.record, &run.folder)?;
    context.output.print(&report)?;
    Ok(Exit(merge_exit(&run, &report)))
}

/// Whether there is something left to be done for it.
fn waits(run: &Seen) -> bool {
    let record = &run.record;
    let unfinished = !run.owned && record.state != State::Ended && record.state != State::StartFailed;
    let work = record.collected.as_ref().is_some_and(|collected| collected.new_commits > 0);
    unfinished || record.needs_sudo || (work && record.outcome.is_some_and(Outcome::leaves_work))
}

/// From wherever the run stands to its outcome.
fn carry_on(run: &mut Run, args: &MergeArgs, context: &Context, runner: &Runner, merge: Merge) -> Result<(), Failure> {
    let git = Git::new(runner.clone());
    match run.record.state {
        State::StartFailed => Ok(()),
        State::Ended => {
            if run.record.needs_sudo {
                let engine = Engine::connect(&context.env, runner)?;
                finish::clean_up(run, &engine)?;
            }
            merge_again(run, args, context, &git, merge)
        }
        _ => {
            let engine = Engine::connect(&context.env, runner)?;
            finish::halt(run, &engine, GRACE)?;
            // First what the agent did is kept; only then is anybody asked about it.
            let first = if run.record.ending.is_some_and(is_doubtful) { Merge::AsPlanned } else { merge };
            finish::finish(run, &engine, &git, first)?;
            if first == merge { Ok(()) } else { merge_again(run, args, context, &git, merge) }
        }
    }
}

/// All is collected: only the last step is left.
fn merge_again(run: &mut Run, args: &MergeArgs, context: &Context, git: &Git, merge: Merge) -> Result<(), Failure> {
    let (Some(prepared), Some(mut collected)) = (run.record.git.clone(), run.record.collected.clone()) else {
        return Ok(());
    };
    if !collected.complete && prepared.private().exists() {
        collected = finish::collect(run, git, &prepared)?;
    }
    if run.record.outcome.is_none_or(|outcome| outcome.leaves_work()) {
        let doubt = run.record.ending.filter(|ending| is_doubtful(*ending) && collected.own_commits() > 0);
        if let Some(ending) = doubt.filter(|_| !args.yes)
            && !confirmed(run, ending, context)?
        {
            return Err(RunError::Doubtful { name: run.name().to_owned(), how: in_words(ending) }.into());
        }
        finish::decide(run, git, &prepared, &collected, merge)?;
    }
    // Also where that was decided before: whoever decided it may not have come to say so.
    tell::merged_later(&run.record)?;
    if run.record.outcome == Some(Outcome::Merged) {
        let troubles = landed::settle_others(run, git);
        troubles.iter().for_each(|trouble| context.output.note(format_args!("Warning: {trouble}")));
    }
    Ok(())
}

/// Whether the agent itself did not come to an end with its work. Whoever stopped it knows that.
fn is_doubtful(ending: Ending) -> bool {
    match ending {
        Ending::Exited { code, .. } => code != 0,
        Ending::TimedOut | Ending::OutOfDisk { .. } => true,
        Ending::Stopped { .. } | Ending::Lost => false,
    }
}

/// Asks whoever is at the terminal; where nobody is, the answer is no.
fn confirmed(run: &Run, ending: Ending, context: &Context) -> Result<bool, Failure> {
    if !context.env.stdin_is_terminal || context.output.is_json() {
        return Ok(false);
    }
    let count = run.record.collected.as_ref().map_or(0, Collected::own_commits);
    let (name, target) = (run.name(), &run.record.spec.target);
    context.output.note(format_args!("{name}: {}. Merge {} into {target}? [y/N]", in_words(ending), commits(count)));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Whoever asks for a merge asks whether it is done, not how the agent ended.
fn merge_exit(run: &Run, report: &RunReport) -> u8 {
    match run.record.outcome {
        Some(outcome) if outcome.leaves_work() => report.exit_code().max(3),
        _ => 0,
    }
}
