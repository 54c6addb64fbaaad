//! `bn container merge`: finish a run that was interrupted, or whose work could not go to its target.

use crate::cli::container::MergeArgs;
use crate::commands::container::find::Runs;
use crate::commands::container::report::RunReport;
use crate::commands::{Context, Exit};
use crate::error::Failure;
use crate::failpoint::Point;
use crate::git::host::Git;
use crate::output::Output;
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::life::finish::{self, Merge};
use crate::run::life::hold::GRACE;
use crate::run::life::{landed, tell};
use crate::run::record::RunError;
use crate::run::record::run_json::{Run, Seen};
use crate::run::record::state::{Outcome, State};

pub fn run(args: &MergeArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "with work to merge", waits)?;
    let state = seen.record.state.to_string();
    let Some(mut run) = Run::take_over(seen.folder)? else {
        return Err(RunError::StillOwned { name: seen.record.spec.name, state }.into());
    };
    let runner = Runner::new(&context.env);
    let merge = if args.accept_handoff { Merge::Accepted } else { Merge::Wanted };
    carry_on(&mut run, context, &runner, merge)?;
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
fn carry_on(run: &mut Run, context: &Context, runner: &Runner, merge: Merge) -> Result<(), Failure> {
    let git = Git::new(runner.clone());
    match run.record.state {
        State::StartFailed => Ok(()),
        State::Ended => {
            if run.record.needs_sudo {
                let engine = Engine::connect(&context.env, runner)?;
                finish::clean_up(run, &engine)?;
            }
            merge_again(run, &git, merge, context.output)
        }
        _ => {
            let engine = Engine::connect(&context.env, runner)?;
            finish::halt(run, &engine, GRACE)?;
            finish::finish(run, &engine, &git, merge)
        }
    }
}

/// All is collected: only the last step is left.
fn merge_again(run: &mut Run, git: &Git, merge: Merge, output: Output) -> Result<(), Failure> {
    let (Some(prepared), Some(collected)) = (run.record.git.clone(), run.record.collected.clone()) else {
        return Ok(());
    };
    if run.record.outcome.is_none_or(|outcome| outcome.leaves_work()) {
        finish::decide(run, git, &prepared, &collected, merge)?;
    }
    // Also where that was decided before: whoever decided it may not have come to say so.
    tell::merged_later(&run.record)?;
    if run.record.outcome == Some(Outcome::Merged) {
        let troubles = landed::settle_others(run, git);
        troubles.iter().for_each(|trouble| output.note(format_args!("Warning: {trouble}")));
    }
    finish::look_what_is_kept(run, git)?;
    Ok(run.save(Point::OutcomeRecorded)?)
}

/// Whoever asks for a merge asks whether it is done, not how the agent ended.
fn merge_exit(run: &Run, report: &RunReport) -> u8 {
    match run.record.outcome {
        Some(outcome) if outcome.leaves_work() => report.exit_code().max(3),
        _ => 0,
    }
}
