//! The trial of what a target would be, before work lands there: what is tried, and what came of it.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::container::network::Network;
use crate::git::host::refs::short;
use crate::quantity;
use crate::run::record::state::Ending;

/// How long a check may take where nothing else is said.
pub const TIME_LIMIT: Duration = Duration::from_secs(30 * 60);
/// So much of a command is shown in a sentence. Letters.
const SHOWN: usize = 48;
/// So many of the last lines that it printed are kept in the record.
pub const LINES: usize = 12;

/// What is tried before work lands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSpec {
    /// The user's own, for `sh -c`.
    pub command: String,
    pub network: Network,
    pub timeout_seconds: u64,
}

impl fmt::Display for CheckSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = quantity::spelled(Duration::from_secs(self.timeout_seconds));
        let mode = self.network.to_possible_value();
        let network = mode.as_ref().map_or("none", |mode| mode.get_name());
        write!(f, "{}, with the network {network}, for {limit} at most", self.shown())
    }
}

impl CheckSpec {
    fn shown(&self) -> String {
        beginning(&self.command)
    }
}

/// The beginning of a command, for a sentence.
fn beginning(command: &str) -> String {
    let line = command.trim().lines().next().unwrap_or_default();
    let short: String = line.chars().take(SHOWN).collect();
    let cut = if short.len() < command.trim().len() { "…" } else { "" };
    format!("{short}{cut}")
}

/// A trial, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub spec: CheckSpec,
    /// Its container's name.
    pub container: String,
    /// What the target would be.
    pub commit: String,
    pub image: String,
    pub started_at: DateTime<Utc>,
    /// `None` while it goes on, or where whoever made it was killed.
    pub ended_at: Option<DateTime<Utc>>,
    /// `None` where it could not be started, too.
    pub ending: Option<Ending>,
    /// Why it could not be started.
    pub not_started: Option<String>,
    /// The last lines that it printed.
    pub lines: Vec<String>,
}

impl Check {
    pub fn has_passed(&self) -> bool {
        self.ending.is_some_and(Ending::is_success)
    }

    /// Whether it went on when it was last heard of.
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Whether it need not be made again for this.
    pub fn speaks_for(&self, spec: &CheckSpec, commit: &str, image: &str) -> bool {
        self.has_passed() && self.spec == *spec && self.commit == commit && self.image == image
    }

    /// What came of it, in half a sentence.
    pub fn said(&self) -> String {
        let command = self.spec.shown();
        let limit = || quantity::spelled(Duration::from_secs(self.spec.timeout_seconds));
        match (self.ending, &self.not_started) {
            (None, Some(why)) => format!("the check could not be started: {why}"),
            (None, None) if self.is_open() => format!("the check was cut off: {command}"),
            (None | Some(Ending::Lost), _) => format!("the check was killed: {command}"),
            (Some(Ending::Exited { code: 0, .. }), _) => format!("the check passed{}: {command}", self.took()),
            (Some(Ending::Exited { out_of_memory: true, .. }), _) => {
                format!("the check ran out of memory: {command}")
            }
            (Some(Ending::Exited { code, .. }), _) => format!("the check failed ({code}){}: {command}", self.took()),
            (Some(Ending::SetUpFailed { code }), _) => {
                format!("the set-up failed ({code}){}, and the check was not made: {command}", self.took())
            }
            (Some(Ending::Stopped { .. }), _) => format!("the check was stopped: {command}"),
            (Some(Ending::TimedOut), _) => format!("the check took longer than {}: {command}", limit()),
            (Some(Ending::OutOfDisk { .. }), _) => format!("the check wrote too much to disk: {command}"),
        }
    }

    fn took(&self) -> String {
        let time = self.ended_at.map_or(TimeDelta::zero(), |end| end - self.started_at);
        format!(" after {}", quantity::spelled(Duration::from_secs(time.num_seconds().max(0).unsigned_abs())))
    }

    /// What is tried, for whoever waits, and what makes the checkout ready before.
    pub fn announced(&self, target: &str, setup: Option<&str>) -> String {
        let reach = match self.spec.network {
            Network::None => "without a network",
            Network::Egress => "with the network of the run",
            Network::Host => "with this machine's network",
        };
        let limit = quantity::spelled(Duration::from_secs(self.spec.timeout_seconds));
        let commit = short(&self.commit);
        let before = setup.map_or_else(String::new, |setup| format!("{}, then ", beginning(setup)));
        format!(
            "checking what {target} would be ({commit}), {reach}, for {limit} at most: {before}{}",
            self.spec.shown()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ending: Option<Ending>) -> Check {
        let spec = CheckSpec { command: "make test".to_owned(), network: Network::None, timeout_seconds: 1800 };
        let started_at = DateTime::UNIX_EPOCH;
        Check {
            spec,
            container: "check-1".to_owned(),
            commit: "a".repeat(40),
            image: "i".to_owned(),
            started_at,
            ended_at: Some(started_at + TimeDelta::seconds(75)),
            ending,
            not_started: None,
            lines: Vec::new(),
        }
    }

    #[test]
    fn every_end_of_a_check_is_told_in_half_a_sentence() {
        let exited = |code| Some(Ending::Exited { code, out_of_memory: false });
        for (ending, said) in [
            (exited(0), "the check passed after 1m15s: make test"),
            (exited(2), "the check failed (2) after 1m15s: make test"),
            (Some(Ending::Exited { code: 137, out_of_memory: true }), "the check ran out of memory: make test"),
            (
                Some(Ending::SetUpFailed { code: 1 }),
                "the set-up failed (1) after 1m15s, and the check was not made: make test",
            ),
            (Some(Ending::TimedOut), "the check took longer than 30m: make test"),
            (Some(Ending::Stopped { code: 143 }), "the check was stopped: make test"),
            (Some(Ending::OutOfDisk { almost_full: false }), "the check wrote too much to disk: make test"),
            (Some(Ending::Lost), "the check was killed: make test"),
            (None, "the check was killed: make test"),
        ] {
            assert_eq!(check(ending).said(), said);
        }
        let open = Check { ended_at: None, ..check(None) };
        assert_eq!((open.said().as_str(), open.is_open()), ("the check was cut off: make test", true));
        let unmade = Check { not_started: Some("the image x is not built".to_owned()), ..check(None) };
        assert_eq!(unmade.said(), "the check could not be started: the image x is not built");
        let mut long = check(None).spec;
        long.command = "echo 12345678901234567890123456789012345678901234567890\nsecond".to_owned();
        assert_eq!(long.shown(), "echo 1234567890123456789012345678901234567890123…");
    }

    #[test]
    fn what_has_passed_speaks_for_the_same_commit_command_and_image_alone() {
        let passed = check(Some(Ending::Exited { code: 0, out_of_memory: false }));
        let (spec, commit) = (passed.spec.clone(), passed.commit.clone());
        assert!(passed.speaks_for(&spec, &commit, "i"));
        assert!(!passed.speaks_for(&spec, "b", "i") && !passed.speaks_for(&spec, &commit, "j"));
        let other = CheckSpec { network: Network::Egress, ..spec.clone() };
        assert!(!passed.speaks_for(&other, &commit, "i"));
        assert!(!check(Some(Ending::Exited { code: 1, out_of_memory: false })).speaks_for(&spec, &commit, "i"));
    }
}
