//! `bn agent list`: who works here.

use std::fmt;

use serde::Serialize;

use crate::cli::graph::AgentListArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::render;
use crate::error::Failure;
use crate::graph::model::text::{block, line};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::requests;
use crate::graph::store::{Agent, Agents};

pub fn list(args: &AgentListArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let agents = graph.ask(&requests::Agents { all: args.all, limit: args.limit })?;
    Ok(context.output.print(&List { agents, now: graph.now })?)
}

#[derive(Serialize)]
struct List {
    #[serde(flatten)]
    agents: Agents,
    #[serde(skip)]
    now: Timestamp,
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.agents.agents.is_empty() {
            return writeln!(f, "No session is open. `bn agent list --all` also shows those that ended.");
        }
        self.agents.agents.iter().try_for_each(|agent| head(f, agent, self.now))?;
        render::and_more(f, self.agents.total, self.agents.agents.len(), "bn agent list --limit 0")
    }
}

/// One line, and one more per task in hand.
fn head(f: &mut fmt::Formatter<'_>, agent: &Agent, now: Timestamp) -> fmt::Result {
    let session = &agent.session;
    let agent_type = session.agent_type.as_deref().unwrap_or("agent");
    write!(f, "{:<14} {} ({})", line(&session.id, 40), line(&session.name, 40), line(agent_type, 20))?;
    match (&session.container, &session.place) {
        (Some(container), _) => write!(f, " in container {}", line(container, 80))?,
        (None, Some(place)) => write!(f, " in {}", line(place, 80))?,
        (None, None) => {}
    }
    let last = session.ended_at.unwrap_or(now);
    write!(
        f,
        ", {} for {}",
        if session.ended_at.is_some() { "was here" } else { "here" },
        session.started_at.age(last)
    )?;
    match session.ended_at {
        Some(at) => {
            write!(f, ", ended {} ago: {}", at.age(now), line(session.end_reason.as_deref().unwrap_or("-"), 60))?
        }
        None if agent.stale => write!(f, ", no activity for {}", session.seen_at.age(now))?,
        None => {}
    }
    writeln!(f)?;
    for task in &agent.tasks {
        writeln!(f, "    works on {}  {}", task.id, line(&task.title, 72))?;
    }
    Ok(())
}

/// One session, with its last words.
#[derive(Serialize)]
pub struct Shown {
    #[serde(flatten)]
    agent: Agent,
    #[serde(skip)]
    now: Timestamp,
}

impl Shown {
    pub fn new(agent: Agent, now: Timestamp) -> Self {
        Self { agent, now }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        head(f, &self.agent, self.now)?;
        match &self.agent.session.summary {
            Some(summary) => write!(f, "\n{}", block(summary, "  ")),
            None => Ok(()),
        }
    }
}
