//! What agents remember of worktrees, as `run` and `prune` ask for it.

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum as _;
use serde::Serialize;

use crate::cli::container::ScopeArgs;
use crate::commands::container::caches::{Fate, repositories, tell_of};
use crate::commands::{Context, Exit};
use crate::container::agent::Agent;
use crate::container::agent_home;
use crate::data_dir::{DataDir, RepoId};
use crate::error::{Failure, Usage};
use crate::process::Cmd;
use crate::run::life::memory::{self, Remembered, has_session};
use crate::run::record::run_json::RunSpec;

/// `--continue` needs a session. `home` says where an agent program keeps its own.
pub fn check(spec: &RunSpec, home: &dyn Fn(&str) -> PathBuf) -> Result<(), Usage> {
    let has = |agent: Agent| has_session(&home(agent.program()), &spec.checkout, &agent_home::of(agent).sessions);
    if !spec.go_on || has(spec.agent) {
        return Ok(());
    }
    let worktree = &spec.checkout.worktree;
    let mut error =
        Usage::new(format!("{} has no session of {} to go on with", spec.agent.program(), worktree.display()));
    let again = |agent: Agent| {
        Cmd::new("bn").args(["container", "run", "--continue", "--agent", agent.program()]).arg(worktree).to_string()
    };
    for other in Agent::value_variants().iter().copied().filter(|other| has(*other)) {
        error = error.hint(format!("{} has one: {}", other.program(), again(other)));
    }
    let first = Cmd::new("bn").args(["container", "run", "--agent", spec.agent.program()]).arg(worktree);
    Err(error.hint(format!("begin one: {first}")))
}

/// Whether the run's agent has left a session to go on with.
pub fn can_go_on(spec: &RunSpec) -> bool {
    let sessions = &agent_home::of(spec.agent).sessions;
    spec.agent_home.as_ref().is_some_and(|home| has_session(home, &spec.checkout, sessions))
}

/// What agents remembered of one worktree, and what became of it.
#[derive(Serialize)]
struct Row {
    worktree: Option<PathBuf>,
    /// The folder.
    agents: PathBuf,
    #[serde(flatten)]
    fate: Fate,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Report(Vec<Row>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|Row { worktree, fate, .. }| {
            let worktree = worktree.as_ref().map_or_else(|| "a worktree".to_owned(), |path| path.display().to_string());
            fate.tell(f, "forgot", &format!("what agents remember of {worktree}"))
        })
    }
}

/// `bn container prune --agents`.
pub fn prune(scope: &ScopeArgs, context: &Context) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    let step = context.output.step("looking for what agents remember");
    for Remembered { lasting, worktree, .. } in all(scope, context)? {
        step.says(format_args!("forgetting {}", lasting.folder.display()));
        let fate = Fate::of(&lasting)?;
        rows.push(Row { worktree, agents: lasting.folder, fate });
    }
    drop(step);
    if rows.is_empty() && !context.output.is_json() {
        context.output.note("agents remember nothing");
    }
    context.output.print(&Report(rows))?;
    Ok(Exit::DONE)
}

fn all(scope: &ScopeArgs, context: &Context) -> Result<Vec<Remembered>, Failure> {
    let data = DataDir::resolve(&context.env)?;
    let mut found = Vec::new();
    for repo in repositories(scope, context, &data.all_agents(), "--agents")? {
        found.extend(memory::all(&data.agents(&repo), &data.runs(&repo))?);
    }
    Ok(found)
}

/// Forgets what agents remember of worktrees that are gone, and says so.
pub fn forget_gone(repo: &RepoId, context: &Context) -> Result<(), Failure> {
    let data = DataDir::resolve(&context.env)?;
    let said = memory::forget_gone(&data.agents(repo), &data.runs(repo))?;
    said.iter().for_each(|line| context.output.note(line));
    Ok(())
}

/// For `prune`: forgets what is of no use any more, and says how much the rest is.
pub fn tidy(scope: &ScopeArgs, context: &Context) -> Result<(), Failure> {
    let data = DataDir::resolve(&context.env)?;
    for repo in repositories(scope, context, &data.all_agents(), "--agents")? {
        forget_gone(&repo, context)?;
    }
    tell(scope, context)
}

/// One line for who forgets runs, where agents remember much.
pub fn tell(scope: &ScopeArgs, context: &Context) -> Result<(), Failure> {
    let found: Vec<_> = all(scope, context)?.into_iter().map(|remembered| remembered.lasting).collect();
    tell_of("what agents remember of worktrees is kept", "--agents", &found, scope, context);
    Ok(())
}
