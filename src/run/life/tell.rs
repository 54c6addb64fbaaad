//! Updates the graph when a run ends: which of its tasks are done, which wait for its work, and which are open again.

use std::path::PathBuf;

use crate::failpoint::{self, Point};
use crate::git::collect::trailers::Tagged;
use crate::graph::error::GraphError;
use crate::graph::model::rights::Scope;
use crate::graph::model::text;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::store::{FILE, Naming, Store, copies};
use crate::run::record::run_json::{Record, RunSpec};
use crate::run::record::state::Outcome;
use crate::run::watch::graph;

/// What the outcome of a run means for the tasks that it closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    /// The work is where it was to go, or there was none.
    Done,
    /// The agent has done its part, and the user wanted to merge by hand.
    Waiting,
    /// Somebody has to see to it.
    OpenAgain,
}

/// Ends the run's session, which releases its claims, and sets the status of the tasks that it closed.
pub fn ended(record: &Record) -> Result<(), GraphError> {
    let Some((outcome, store)) = outcome_and_graph(record)? else { return not_started(record) };
    let (spec, now) = (&record.spec, Timestamp::from(crate::env::now()));
    match closed(outcome, has_work(record)) {
        Closed::Done => drop(store.land(&spec.session, &landed_note(spec), now)?),
        Closed::Waiting => {}
        Closed::OpenAgain => {
            let note = format!(
                "the run {name} closed this, but its work is not on {target} ({outcome}); bn container merge {name}",
                name = spec.name,
                target = spec.target.branch
            );
            store.reopen_closed_by(&spec.session, &note, now)?;
            failpoint::reached(Point::TasksReopened);
        }
    }
    store.end_run(&spec.session, &format!("the run {} ended: {outcome}", spec.name), now)?;
    failpoint::reached(Point::GraphTold);
    Ok(())
}

/// Why the graph does not know that a run has ended, for its user.
pub fn untold(error: &GraphError) -> String {
    format!("the end of this run could not be written to the task graph: {error}")
}

/// Ends the session of an agent that was registered, and never started.
pub fn not_started(record: &Record) -> Result<(), GraphError> {
    let spec = &record.spec;
    if spec.graph.join(FILE).exists() {
        let why = format!("the run {} was not started", spec.name);
        graph_of(spec)?.end_run(&spec.session, &why, Timestamp::from(crate::env::now()))?;
    }
    Ok(())
}

/// Records the commits of a run at the tasks that their messages name.
pub fn committed(record: &Record, commits: Vec<Tagged>) -> Result<(), GraphError> {
    if commits.is_empty() || record.started_at.is_none() {
        return Ok(());
    }
    let named = commits.into_iter().map(|Tagged { commit, title, tasks }| Naming {
        commit: text::line(&commit, 64),
        title: text::line(&title, 200),
        tasks,
    });
    let spec = &record.spec;
    let agent = graph::agent(spec, graph::scope(&spec.graph_access).unwrap_or(Scope::Everything));
    graph_of(spec)?.record_commits(&agent, &named.collect::<Vec<_>>(), Timestamp::from(crate::env::now()))
}

/// After a merge of a run that had ended: what it closed is done, if its work has landed by now.
pub fn merged_later(record: &Record) -> Result<(), GraphError> {
    let Some((outcome, store)) = outcome_and_graph(record)? else { return Ok(()) };
    if closed(outcome, has_work(record)) == Closed::Done {
        store.land(&record.spec.session, &landed_note(&record.spec), Timestamp::from(crate::env::now()))?;
    }
    Ok(())
}

/// Opens the tasks that a run closed, for the one that tries it again.
pub fn tried_again(record: &Record, by: &str) -> Result<(), GraphError> {
    let Some((outcome, store)) = outcome_and_graph(record)? else { return Ok(()) };
    if outcome.leaves_work() {
        let note = format!("the run {} closed this, and {by} tries it again", record.spec.name);
        store.reopen_closed_by(&record.spec.session, &note, Timestamp::from(crate::env::now()))?;
    }
    Ok(())
}

/// Opens the tasks that a forgotten or discarded run closed without its work having landed, so that nothing waits for them.
pub fn given_up(record: &Record, how: &str) -> Result<(), GraphError> {
    let spec = &record.spec;
    // Of a repository that is gone the graph may be gone, too.
    if record.started_at.is_none() || !spec.graph.join(FILE).exists() {
        return Ok(());
    }
    let (store, now) = (graph_of(spec)?, Timestamp::from(crate::env::now()));
    let note =
        format!("the run {} closed this, but was {how} before its work was on {}", spec.name, spec.target.branch);
    store.wait_no_longer(&spec.session, &note, now)?;
    store.end_run(&spec.session, &format!("the run {} was {how}", spec.name), now)?;
    Ok(())
}

/// An agent that was never started has changed nothing in the graph, which may not even exist.
fn outcome_and_graph(record: &Record) -> Result<Option<(Outcome, Store)>, GraphError> {
    let (Some(outcome), Some(_)) = (record.outcome, record.started_at) else { return Ok(None) };
    Ok(Some((outcome, graph_of(&record.spec)?)))
}

/// Copies the graph to where `bn restore` finds it: whatever the agent does to it, that can be undone.
pub fn copy_before(spec: &RunSpec, graph: &Store) -> Result<Option<PathBuf>, GraphError> {
    copies::beside(&spec.graph).map(|copies| graph.copy_before(&spec.name, &copies, crate::env::now())).transpose()
}

/// Opens the graph of a run.
pub(super) fn graph_of(spec: &RunSpec) -> Result<Store, GraphError> {
    Store::open(&graph::site(spec))
}

fn has_work(record: &Record) -> bool {
    let collected = record.collected.as_ref();
    let work = collected.is_some_and(|collected| collected.new_commits > 0 || !collected.complete);
    work || record.outcome == Some(Outcome::GitLost)
}

fn closed(outcome: Outcome, has_work: bool) -> Closed {
    match outcome {
        Outcome::Unmerged if has_work => Closed::Waiting,
        outcome if outcome.leaves_work() && has_work => Closed::OpenAgain,
        _ => Closed::Done,
    }
}

fn landed_note(spec: &RunSpec) -> String {
    format!("the work of the run {} is on {}", spec.name, spec.target.branch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_in_a_run_is_done_when_its_work_has_landed() {
        for (outcome, work, expected) in [
            (Outcome::Merged, true, Closed::Done),
            (Outcome::NothingToMerge, false, Closed::Done),
            (Outcome::Failed, false, Closed::Done),
            (Outcome::Unmerged, true, Closed::Waiting),
            (Outcome::Diverged, true, Closed::OpenAgain),
            (Outcome::TargetDirty, true, Closed::OpenAgain),
            (Outcome::Stopped, true, Closed::OpenAgain),
            (Outcome::GitLost, true, Closed::OpenAgain),
        ] {
            assert_eq!(closed(outcome, work), expected, "{outcome}");
        }
    }
}
