//! Agent sessions: who works on the graph. A session is known by an id that was made for it, never by a process id.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::graph::model::rights::Rights;
use crate::graph::model::timestamp::Timestamp;

/// After this long without a sign of life, a host agent's claims may be taken over.
pub const STALE_AFTER: Duration = Duration::from_secs(2 * 60 * 60);

/// By what an agent's session is found again by its next command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// It was given one (`BN_AGENT_ID`): every agent in a container, and any on the host that wants to.
    Given(String),
    /// It is the one of its name in this worktree.
    Place(String),
}

/// Who speaks to the graph.
#[derive(Clone, Debug)]
pub struct Actor {
    pub name: String,
    pub identity: Identity,
    pub agent_type: Option<String>,
    /// The container that it lives in.
    pub container: Option<String>,
    /// What it calls itself, where that is not its name.
    pub label: Option<String>,
    pub rights: Rights,
}

/// What the id of a run's session begins with: the host makes it, and says when the run has ended and its work has landed.
pub const RUN: &str = "run-";

impl Actor {
    /// The session of the run that it works in, if it does.
    pub fn run(&self) -> Option<&str> {
        match &self.identity {
            Identity::Given(id) if self.container.is_some() && id.starts_with(RUN) => Some(id),
            _ => None,
        }
    }
}

/// One agent's time with the graph, from `orient` to `goodbye`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub agent_type: Option<String>,
    pub container: Option<String>,
    /// The worktree that tells it from others of its name.
    pub place: Option<String>,
    pub started_at: Timestamp,
    /// The last time it wrote.
    pub seen_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub end_reason: Option<String>,
    pub summary: Option<String>,
}

impl Session {
    /// Whether its claims may be taken over. A container's never go stale by time: its run releases them when it ends.
    pub fn is_stale(&self, now: Timestamp, after: Duration) -> bool {
        self.ended_at.is_some() || (self.container.is_none() && self.seen_at <= now.before(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_agent_goes_stale_by_time_and_a_container_by_its_end() {
        let now = Timestamp::from_micros(1_000_000_000_000);
        let seen = |span: Duration, container: Option<&str>, ended_at: Option<Timestamp>| Session {
            id: "s-1".to_owned(),
            name: "ann".to_owned(),
            agent_type: None,
            container: container.map(str::to_owned),
            place: None,
            started_at: now.before(span),
            seen_at: now.before(span),
            ended_at,
            end_reason: None,
            summary: None,
        };
        let minute = Duration::from_secs(60);
        assert!(!seen(STALE_AFTER - minute, None, None).is_stale(now, STALE_AFTER));
        assert!(seen(STALE_AFTER + minute, None, None).is_stale(now, STALE_AFTER));
        assert!(!seen(STALE_AFTER * 9, Some("run-1"), None).is_stale(now, STALE_AFTER));
        assert!(seen(minute, Some("run-1"), Some(now)).is_stale(now, STALE_AFTER));
    }
}
