//! What is seen of runs while they go on: what their agents have made, have in hand and use.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::commands::Context;
use crate::commands::container::standing;
use crate::env::now;
use crate::git::collect::comparison;
use crate::git::collect::look::{Look, Work};
use crate::git::collect::lying;
use crate::git::host::{Git, GitError};
use crate::git::private::RunGit;
use crate::graph::error::GraphError;
use crate::graph::model::task::Named;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::store::{Agent, FILE, Store};
use crate::run::record::census::Seen;
use crate::run::record::lock;
use crate::run::record::state::State;
use crate::run::watch::graph::site;
use crate::run::watch::usage::Sample;
use crate::transcript::standing::Standing;

/// How long a processor is watched at least, to know how much of it somebody uses.
const WATCHED: Duration = Duration::from_millis(100);

/// A list that comes late is of no use. What takes git longer is not shown.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of one run beside its record. Nothing of one that has ended.
#[derive(Clone, Debug, Default)]
pub struct Live {
    pub commits: Option<u64>,
    pub files: Option<u64>,
    pub tasks: Vec<Named>,
    /// When its agent last printed, committed or used the graph.
    pub seen_at: Option<DateTime<Utc>>,
    /// What its agent is at, or waits for, as far as what it prints tells.
    pub standing: Standing,
    pub cpu_percent: Option<f64>,
    pub memory: Option<u64>,
}

/// Looks at these runs, all at once. What cannot be seen is said, and is no reason not to show the rest.
pub fn look_at(runs: &[Seen], git: &Git, context: &Context) -> Vec<Live> {
    let before: Vec<Option<Sample>> = runs.iter().map(|run| sample(run, context)).collect();
    let begun = std::time::Instant::now();
    let sessions = sessions(runs, context);
    let mut found: Vec<Live> = thread::scope(|scope| {
        let begin = |run| scope.spawn(move || look(run, git, context));
        let looks: Vec<_> = runs.iter().map(|run| goes_on(run).then(|| begin(run))).collect();
        looks.into_iter().map(|look| look.and_then(|look| look.join().ok()).unwrap_or_default()).collect()
    });
    if before.iter().any(Option::is_some) {
        thread::sleep(WATCHED.saturating_sub(begun.elapsed()));
    }
    for ((run, live), before) in runs.iter().zip(&mut found).zip(before) {
        if let (Some(before), Some(after)) = (before, sample(run, context)) {
            live.cpu_percent = after.percent_since(&before);
            live.memory = after.used.memory;
        }
        if let Some(agent) = sessions.get(&run.record.spec.session).filter(|_| goes_on(run)) {
            live.tasks.clone_from(&agent.tasks);
            let used = used_at(agent);
            live.seen_at = live.seen_at.map(|seen_at| used.map_or(seen_at, |used| used.max(seen_at)));
        }
    }
    found
}

/// What was last seen of an agent that works.
#[derive(Clone, Debug)]
pub struct Sign {
    pub at: DateTime<Utc>,
    pub standing: Standing,
}

/// The last signs of the agents that work, by the folders of their runs. Git is not asked.
pub fn signs(runs: &[Seen], context: &Context) -> HashMap<PathBuf, Sign> {
    let sessions = sessions(runs, context);
    let sign = |run: &Seen| {
        let last = last_sign(run, &run.git()?)?;
        let used = sessions.get(&run.record.spec.session).and_then(used_at);
        let at = used.map_or(last, |used| used.max(last));
        Some((run.folder.path().to_owned(), Sign { at, standing: standing::of(run, now() - at) }))
    };
    runs.iter().filter(|run| goes_on(run)).filter_map(sign).collect()
}

/// When an agent used the graph. That its owner has registered it is no sign of the agent's.
fn used_at(agent: &Agent) -> Option<DateTime<Utc>> {
    let session = &agent.session;
    (session.seen_at > session.started_at).then(|| time(session.seen_at))
}

fn goes_on(run: &Seen) -> bool {
    run.owned && run.record.state == State::Running
}

fn sample(run: &Seen, context: &Context) -> Option<Sample> {
    let pid = run.record.pid.filter(|_| run.record.state.is_open())?;
    let name = run.record.name();
    Sample::take(pid, name).unwrap_or_else(|error| {
        context.output.note(format_args!("what {name} uses cannot be read: {error}"));
        None
    })
}

fn look(run: &Seen, git: &Git, context: &Context) -> Live {
    let Some(prepared) = run.git().filter(|_| goes_on(run)) else { return Live::default() };
    let seen_at = last_sign(run, &prepared);
    let quiet = seen_at.map_or_else(TimeDelta::zero, |then| now() - then);
    let mut live = Live { seen_at, standing: standing::of(run, quiet), ..Live::default() };
    match made(git, &prepared) {
        Ok((commits, files)) => (live.commits, live.files) = (Some(commits), Some(files)),
        // One that has just ended has no repository of its own any more.
        Err(_) if !lock::is_held(&run.folder.lock()).unwrap_or(true) => {}
        Err(error) => {
            let name = run.record.name();
            context.output.note(format_args!("what {name} has made so far cannot be seen: {error}"));
        }
    }
    live
}

/// Commits, and files that differ from where the work began.
fn made(git: &Git, prepared: &RunGit) -> Result<(u64, u64), GitError> {
    let look = Look::take(git, prepared, Work::Live, PATIENCE)?;
    let lying = lying::read(git, prepared, &look)?;
    let end = lying.as_ref().map_or(&look.head, |lying| &lying.tree);
    Ok((look.commits(git)?, comparison::count(git, &look, &look.base, end)?))
}

/// When the agent last printed something or moved a branch. Of the person's own terminal it is known when something was shown there, to
/// eight seconds, and not what.
fn last_sign(run: &Seen, prepared: &RunGit) -> Option<DateTime<Utc>> {
    let changed = |path: &Path| fs::symlink_metadata(path).and_then(|found| found.modified()).ok();
    let printed = match run.record.spec.terminal {
        true => changed(run.record.spec.screen.as_ref().or(run.record.spec.window.as_ref())?)?,
        false => changed(&run.folder.log())?,
    };
    let committed = changed(&prepared.private().join("logs/HEAD"));
    // The agent sets the times of its own files.
    Some(DateTime::from(printed).max(committed.map_or(DateTime::UNIX_EPOCH, DateTime::from)).min(now()))
}

fn time(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.micros()).unwrap_or_default()
}

/// The sessions in the graphs of these runs, by their ids.
fn sessions(runs: &[Seen], context: &Context) -> BTreeMap<String, Agent> {
    let graphs: BTreeMap<&Path, &Seen> =
        runs.iter().filter(|run| goes_on(run)).map(|run| (run.record.spec.graph.as_path(), run)).collect();
    let mut found = BTreeMap::new();
    for (graph, run) in graphs {
        match agents(run) {
            Ok(agents) => found.extend(agents.into_iter().map(|agent| (agent.session.id.clone(), agent))),
            Err(error) => {
                let graph = graph.display();
                context
                    .output
                    .note(format_args!("what agents have in hand is not known, for {graph} cannot be read: {error}"));
            }
        }
    }
    found
}

fn agents(run: &Seen) -> Result<Vec<Agent>, GraphError> {
    let spec = &run.record.spec;
    if !spec.graph.join(FILE).exists() {
        return Ok(Vec::new());
    }
    let store = Store::open(&site(spec))?;
    store.read(|reader| Ok(reader.agents(false, 0, Timestamp::from(now()))?.agents))
}
