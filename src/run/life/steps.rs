//! The life of a run, read from top to bottom.
//!
//! Each step is recorded before it is taken, and the record before the last one is on the disk (`Run::save_ahead`). When a process dies, its lock is free afterwards, and the next `merge` or `stop` of
//! that run goes on (`resume`) from what it finds:
//!
//! | step | recorded before it | who finds that, and no owner |
//! |---|---|---|
//! | resolve (`commands/container/resolve.rs`) | nothing | nothing was made |
//! | claim (`begin`) | nothing | a folder without a record is no run; the next one of that name replaces it |
//! | prepare what is mounted (`begin`), start the container, and meanwhile fill it (`start`) | `preparing` | ends the container, and removes what was made: there is nothing to merge |
//! | check the wall (`start`) | `starting` | ends the container, and collects: it cannot know how far the agent came |
//! | (one of the two failed) | `start-failed`, and why | nothing is left but the record |
//! | let the agent start, supervise it (`live`) | `running` | ends the container, and collects |
//! | remove the container (`end`), and beside that all below | `collecting`, and how the agent ended | removes what is left of it |
//! | collect | the same | collects again; what is there already stays |
//! | (that failed) | `collect-failed`, and why | collects again |
//! | merge | the same, and what was collected | decides, and merges |
//! | tell the graph, tidy up | the same, and the outcome | tells it again, and tidies up |
//! | (all is done) | `ended` | merges where the user asks for it and the outcome leaves work |
//!
//! `list` shows the states before `ended` that need an owner as `interrupted` where no container runs, and as `unowned` where one does. A
//! rehearsal (`--dry-run`) goes the same way, without `live`.

use std::io;
use std::time::Duration;

use crate::error::{Failure, in_one_sentence};
use crate::failpoint::{self, Point};
use crate::git::host::{Git, config};
use crate::git::private::kept_git;
use crate::graph::error::GraphError;
use crate::graph::store::{Store, copies};
use crate::run::engine::Engine;
use crate::run::life::check::{self, Checker};
use crate::run::life::finish;
use crate::run::life::land::{self, Landing, Merge};
use crate::run::life::prepare;
use crate::run::life::start;
use crate::run::life::supervise::{Owner, Supervised, supervise};
use crate::run::life::{caches, landed, memory, over, retried, review, sign_in, tell};
use crate::run::record::RunError;
use crate::run::record::check::Check;
use crate::run::record::run::Run;
use crate::run::record::run_json::RunSpec;
use crate::run::record::state::{Ending, Outcome, State};
use crate::run::watch::doors::Doors;
use crate::run::watch::{proxy, status};
use crate::untrusted::tree::Tree;

pub use crate::run::life::prepare::{Ready, begin, refuse_taken};
pub use crate::run::life::start::{Started, Starter};

/// Registers an agent in its graph, and returns what it reads first. `None`: it does so itself.
pub type Orient = fn(&RunSpec, &Store) -> Option<String>;

/// Starts the container. What the agent's git works in is made meanwhile, what has to be kept from the agent is kept, and the graph knows
/// it. A run whose git cannot be prepared, that has no image, or whose name is another container's, was never there.
pub fn start(run: &mut Run, ready: Ready, starter: &Starter<'_>, orient: Orient) -> Result<Started, Failure> {
    let Ready { container, git: laid, tree } = ready;
    let git = starter.git;
    let (mut is_filled, mut copy, mut doors, mut notes) = (true, None, None, Vec::new());
    let started = start::start(run, &container, starter, |run| {
        is_filled = false;
        // First, for git takes its time with a large worktree.
        let uncommitted = laid.ask(git)?;
        let graph = tell::graph_of(&run.record.spec)?;
        copy = tell::copy_before(&run.record.spec, &graph)?;
        notes = prepare::fill(run, laid, uncommitted, git)?;
        is_filled = true;
        keep_before(run, &tree, git)?;
        let spec = &run.record.spec;
        let told = orient(spec, &graph).map_or(Ok(()), |page| status::tell_page(&run.folder, &page));
        told.map_err(|source| RunError::io("write to", run.folder.path(), source))?;
        // The owner of a detached run is another process.
        if !spec.detached && !starter.engine.runner().rehearses() {
            doors = Some(Doors::open(spec, &run.folder, starter.env)?);
        }
        Ok(())
    });
    if !is_filled || started.as_ref().is_err_and(start::was_never_there) {
        prepare::undo(run, git)?;
        copy.as_deref().map_or(Ok(()), copies::take_back)?;
    }
    let foreground = started?;
    // Of a run that did not start nothing is kept.
    let output = starter.output.while_lent(foreground.has_terminal());
    notes.iter().for_each(|note| output.note(note));
    Ok(Started { foreground, doors })
}

/// What it takes to undo, or to see, what an agent has done.
fn keep_before(run: &Run, tree: &Tree, git: &Git) -> Result<(), Failure> {
    let Some(prepared) = run.git() else { return Ok(()) };
    kept_git::settle(&prepared)?;
    review::remember(git, &prepared, tree, &run.folder)
}

/// Takes a container that waits at its gate to an outcome. Calls `say_so` once the agent runs.
pub fn live(
    run: &mut Run,
    owner: &Owner,
    started: Started,
    say_so: impl FnOnce() -> io::Result<()>,
) -> Result<(), Failure> {
    let mut supervised = supervise(run, owner, started, say_so)?;
    let finished = ended(run, &mut supervised, owner).map_err(|source| unfinished(run, source));
    // Last: whoever reads the agent's words may take their time.
    let passed_on = supervised.pass_on(run, owner.output);
    finished?;
    passed_on
}

fn unfinished(run: &Run, source: Failure) -> RunError {
    let merged = run.record.outcome == Some(Outcome::Merged);
    let target = merged.then(|| run.record.spec.target.branch.clone());
    RunError::Unfinished { name: run.name().to_owned(), merged: target, source }
}

fn ended(run: &mut Run, supervised: &mut Supervised, owner: &Owner) -> Result<(), Failure> {
    let _step = owner.output.step(format_args!("taking over what {} has made", run.name()));
    run.record.ending = Some(supervised.ending(run, owner.engine)?);
    let engine = || Ok(owner.engine.clone());
    let checker = Checker { env: owner.env, engine: &engine, signals: Some(owner.signals), output: owner.output };
    let landing = Landing { checker: Some(checker), ..Landing::of(Merge::AsPlanned) };
    end_and(run, owner.engine, owner.git, &landing, || supervised.close())
}

/// Takes a run whose agent has ended to its outcome. Each step may be taken again.
pub fn end(run: &mut Run, engine: &Engine, git: &Git, landing: &Landing<'_>) -> Result<(), Failure> {
    end_and(run, engine, git, landing, || {})
}

/// The same, and what has to be done before the work is taken over and needs no container.
fn end_and(
    run: &mut Run,
    engine: &Engine,
    git: &Git,
    landing: &Landing<'_>,
    first: impl FnOnce(),
) -> Result<(), Failure> {
    run.record.ended_at.get_or_insert_with(crate::env::now);
    run.enter_ahead(State::Collecting, Point::EndingRecorded)?;
    let removal = engine.begin_removal(run.name());
    // Whoever closes a graph last waits for the disk: that is done once, when all is told. Whether it can be opened shows where it is told.
    let graph = run.record.started_at.map(|_| tell::graph_of(&run.record.spec));
    // Nothing runs in the container any more: it goes meanwhile.
    first();
    let checkout = &run.record.spec.checkout;
    config::ask_ahead(git, git.in_tree(&checkout.git_dir, &checkout.worktree));
    let outcome = collect_and_merge(run, git, landing).map(|said| settle(run, git, said));
    drop(graph);
    if let Err(error) = over::finish_removal(run, removal) {
        // It says why.
        run.save(Point::CollectFailed)?;
        return Err(error);
    }
    match outcome {
        Ok(settled) => settled?,
        Err(error) => {
            run.record.reason = Some(in_one_sentence(&error));
            run.enter(State::CollectFailed, Point::CollectFailed)?;
            return Err(error);
        }
    }
    Ok(run.enter_ahead(State::Ended, Point::RunEnded)?)
}

/// Takes the work over. Returns what the user should hear.
fn collect_and_merge(run: &mut Run, git: &Git, landing: &Landing<'_>) -> Result<Vec<String>, Failure> {
    let unkept = close_runtime(run)?;
    let unrenewed = sign_in::end(run)?;
    failpoint::reached(Point::RuntimeRemoved);
    finish::collect_and_merge(run, git, landing)?;
    Ok(unkept.into_iter().chain(unrenewed).collect())
}

/// Tells the graph and the user what became of the work, and removes what is not needed any more.
fn settle(run: &mut Run, git: &Git, said: Vec<String>) -> Result<(), Failure> {
    let untold = finish::tell_commits(run, git);
    finish::add_notes(run, untold.into_iter().chain(said));
    match tell::ended(&run.record) {
        Err(passing @ (GraphError::Full { .. } | GraphError::Busy { .. })) => return Err(passing.into()),
        // The agent could write there: whatever it made of the graph, its run comes to an end.
        Err(error) => finish::add_notes(run, [tell::untold(&error)]),
        Ok(()) => {}
    }
    if run.record.outcome == Some(Outcome::Merged) {
        let troubles = retried::settle(run, git).into_iter().chain(landed::settle_others(run, git)).collect::<Vec<_>>();
        finish::add_notes(run, troubles);
    }
    let emptied = caches::bound(run).into_iter().chain(memory::bound(run));
    finish::add_notes(run, emptied.collect::<Vec<_>>());
    finish::tidy_up(run, git)
}

/// Keeps what is wanted of the folder of secrets and sockets, and removes it. Returns what cannot be kept.
fn close_runtime(run: &Run) -> Result<Option<String>, Failure> {
    let spec = &run.record.spec;
    if prepare::is_out_of_reach(spec) {
        let lost = "what may be in it stays there, and what the network refused is not known";
        return Ok(Some(format!("{} was taken away from you while this run went on: {lost}", spec.runtime.display())));
    }
    proxy::close(spec, &run.folder)?;
    prepare::remove_secrets(spec)?;
    Ok(None)
}

/// How a run without an owner is resumed.
pub struct Resume<'a> {
    pub landing: Landing<'a>,
    /// How long an agent that still works may take to end by itself.
    pub grace: Duration,
    /// Asks the user before the work of an agent that was cut short is merged.
    pub consent: &'a dyn Fn(&Run, Ending) -> Result<(), Failure>,
}

/// Takes a run without an owner from its recorded state to its end. Returns notes for the user.
pub fn resume(
    run: &mut Run,
    connect: &dyn Fn() -> Result<Engine, Failure>,
    git: &Git,
    wanted: &Resume,
) -> Result<Vec<String>, Failure> {
    if run.record.check.as_ref().is_some_and(Check::is_open) {
        check::clear(run, &connect()?)?;
    }
    match run.record.state {
        State::StartFailed => Ok(Vec::new()),
        State::Ended => {
            if run.record.needs_sudo {
                over::clean_up(run, &connect()?)?;
            }
            if wanted.landing.merge == Merge::No { Ok(Vec::new()) } else { merge_again(run, git, wanted) }
        }
        State::Preparing | State::Starting | State::Running | State::Collecting | State::CollectFailed => {
            let engine = connect()?;
            over::halt(run, &engine, wanted.grace)?;
            // The agent's work is kept first; only then is the user asked about it.
            let doubtful = wanted.landing.merge != Merge::No && run.record.ending.is_some_and(Ending::is_doubtful);
            let as_planned = Landing::of(Merge::AsPlanned);
            end(run, &engine, git, if doubtful { &as_planned } else { &wanted.landing })?;
            if doubtful { merge_again(run, git, wanted) } else { Ok(Vec::new()) }
        }
    }
}

/// All is collected: only the last step is left.
fn merge_again(run: &mut Run, git: &Git, wanted: &Resume) -> Result<Vec<String>, Failure> {
    let (Some(prepared), Some(mut collected)) = (run.git(), run.record.collected.clone()) else {
        return Ok(Vec::new());
    };
    if !collected.complete && prepared.private().exists() {
        collected = finish::collect(run, git, &prepared, wanted.landing.merge)?;
        let untold = finish::tell_commits(run, git);
        finish::add_notes(run, untold);
    }
    if run.record.outcome.is_none_or(Outcome::leaves_work) {
        let doubt = run.record.ending.filter(|ending| ending.is_doubtful() && collected.own_commits() > 0);
        doubt.map_or(Ok(()), |ending| (wanted.consent)(run, ending))?;
        land::decide(run, git, &prepared, &collected, &wanted.landing)?;
    }
    // Also where the outcome was recorded before: the process that recorded it may have died before this.
    tell::merged_later(&run.record)?;
    let merged = run.record.outcome == Some(Outcome::Merged);
    let mut troubles = if merged { retried::settle(run, git) } else { Vec::new() };
    troubles.extend(if merged { landed::settle_others(run, git) } else { Vec::new() });
    // The agent's repository goes if all of it has been taken over this time.
    finish::tidy_up(run, git)?;
    run.save(Point::OutcomeRecorded)?;
    Ok(troubles)
}
