//! One line of `bn container list`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::commands::container::amounts::age;
use crate::commands::container::live::Live;
use crate::commands::container::port::Open;
use crate::commands::container::wish::{self, Quiet, Wish};
use crate::git::collect::collected::Collected;
use crate::graph::model::task::Named;
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::check::Check;
use crate::run::record::state::{Ending, Outcome, State};
use crate::run::watch::activity::Activity;
use crate::run::watch::refusals;

/// One line of `bn container list`.
#[derive(Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub status: String,
    #[serde(rename = "type")]
    pub agent_type: String,
    pub agent: String,
    pub branch: Option<String>,
    pub target: String,
    pub worktree: String,
    /// The main worktree of its repository.
    pub repository: String,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub age: String,
    pub age_seconds: i64,
    /// Less than nothing where the clock was set back to before its start.
    #[serde(skip)]
    pub elapsed: TimeDelta,
    pub state: State,
    pub ending: Option<Ending>,
    /// What the agent ended with.
    pub exit_code: Option<u8>,
    pub outcome: Option<Outcome>,
    /// How much is nowhere else than with the run, beside its work.
    pub kept: usize,
    pub needs_sudo: bool,
    /// Commits that the agent made, so far or at its end; `None` where that is not known.
    pub commits: Option<u64>,
    /// Files that differ from where the work began: while it runs, the uncommitted ones too.
    pub files: Option<u64>,
    /// What it has in hand while it runs.
    pub tasks: Vec<Named>,
    /// For how long nothing was seen of it while it runs.
    pub quiet_seconds: Option<i64>,
    /// The tool that it began last and that has not ended, where it prints a stream of what it does.
    pub doing: Option<String>,
    /// Of one processor.
    pub cpu_percent: Option<f64>,
    /// Bytes.
    pub memory: Option<u64>,
    /// Ports of this machine that lead to the container's.
    pub ports: Vec<Open>,
    /// Hosts that the network refused, as `host:port`, first come first.
    pub refused: Vec<String>,
    /// What it wants from its user.
    pub wish: Option<Wish>,
}

impl Row {
    pub fn of(seen: &Seen, activity: Activity, live: Live, now: DateTime<Utc>) -> Result<Self, RunError> {
        let record = &seen.record;
        let collected = record.collected.as_ref();
        let refused = refusals::first(&record.spec, &seen.folder);
        let refused = refused.map_err(|source| RunError::io("read", seen.folder.path(), source))?;
        let quiet = live.seen_at.map(|then| now - then);
        let elapsed = now - record.created_at;
        Ok(Self {
            name: record.name().to_owned(),
            status: status(seen, activity),
            agent_type: record.spec.agent_type.name().to_owned(),
            agent: record.spec.agent_shown(),
            branch: record.spec.checkout.branch.clone(),
            target: record.spec.target.branch.clone(),
            worktree: record.spec.checkout.worktree.display().to_string(),
            repository: record.spec.checkout.main_worktree.display().to_string(),
            created_at: record.created_at,
            started_at: record.started_at,
            ended_at: record.ended_at,
            age: age(elapsed),
            age_seconds: elapsed.num_seconds().max(0),
            elapsed,
            state: record.state,
            ending: record.ending,
            exit_code: record.ending.map(Ending::exit_code),
            outcome: record.outcome,
            kept: record.kept.len(),
            needs_sudo: record.needs_sudo,
            commits: live.commits.or_else(|| collected.map(Collected::own_commits)),
            files: live.files.or_else(|| collected.and_then(Collected::files)),
            tasks: live.tasks,
            quiet_seconds: quiet.map(|quiet| quiet.num_seconds().max(0)),
            cpu_percent: live.cpu_percent,
            memory: live.memory,
            ports: Open::all(seen)?,
            wish: wish::of(seen, activity, quiet.map(|time| Quiet { time, standing: &live.standing }), &refused)?,
            doing: live.standing.doing,
            refused: refused.into_iter().map(|entry| entry.asked).collect(),
        })
    }
}

/// The one word for where a run stands, seen from outside.
pub fn status(seen: &Seen, activity: Activity) -> String {
    let record = &seen.record;
    let alive = activity != Activity::None;
    match (record.state.is_open(), seen.owned, alive) {
        (true, true, _) if activity == Activity::Paused => "paused".to_owned(),
        (_, true, _) if record.check.as_ref().is_some_and(Check::is_open) => "checking".to_owned(),
        (true, true, _) => record.state.to_string(),
        (true, false, true) => "unowned".to_owned(),
        (true, false, false) => "interrupted".to_owned(),
        (false, _, _) if record.needs_sudo => "needs-sudo".to_owned(),
        (false, ..) if record.state == State::Ended => {
            record.ending.map_or_else(|| "ended".to_owned(), |ending| ending.to_string())
        }
        (false, ..) => record.state.to_string(),
    }
}
