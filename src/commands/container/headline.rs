//! How a run ended, in one line for people.

use crate::commands::container::report::RunReport;
use crate::run::record::state::{Ending, Outcome};

impl RunReport {
    /// What became of the run and its work, its name first.
    pub fn headline(&self) -> String {
        format!("{}: {}", self.name, self.said())
    }

    /// The same without the name.
    pub fn said(&self) -> String {
        let target = &self.target;
        let failed = self.ending.filter(|ending| !ending.is_success()).map(in_words);
        let prefix = failed.as_ref().map(|failed| format!("{failed}; ")).unwrap_or_default();
        match self.outcome {
            Some(Outcome::Merged) => self.merged(&prefix),
            Some(Outcome::NothingToMerge) => format!("{prefix}nothing to merge into {target}"),
            Some(Outcome::Unmerged) if self.complete => format!("{}, not merged, as asked", commits(self.commits)),
            Some(Outcome::Failed | Outcome::Stopped | Outcome::TimedOut) => {
                format!("{}, {}", failed.unwrap_or_default(), self.kept())
            }
            Some(Outcome::Diverged) => {
                let sentence = failed.map(|failed| format!("{failed}. ")).unwrap_or_default();
                let why = self.reason.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
                format!("{sentence}{}{why}", self.kept())
            }
            Some(Outcome::CheckFailed) => {
                let why = self.reason.as_deref().unwrap_or("the check failed");
                format!("{prefix}{}; {why}", self.kept())
            }
            Some(outcome) => format!("{prefix}{outcome}, {}", self.kept()),
            None => format!("{prefix}{}, {}", self.state, self.kept()),
        }
    }

    fn merged(&self, prefix: &str) -> String {
        let (own, target) = (self.commits, &self.target);
        match self.brought {
            Some(brought) if own == 0 && brought > 0 => {
                format!("{prefix}the agent made no commit; its branch was {brought} ahead: merged into {target}")
            }
            Some(brought) if brought > own => {
                format!("{prefix}merged into {target} ({}, {own} of this run)", commits(brought))
            }
            Some(brought) if brought > 0 => format!("{prefix}merged into {target} ({})", commits(brought)),
            _ => format!("{prefix}merged into {target} ({})", commits(own)),
        }
    }

    fn kept(&self) -> String {
        match self.commits {
            0 if !self.complete => "what the agent committed is kept as it made it".to_owned(),
            0 => "nothing to merge".to_owned(),
            1 => "1 commit is kept".to_owned(),
            more => format!("{more} commits are kept"),
        }
    }
}

/// How an agent ended that did not succeed.
pub fn in_words(ending: Ending) -> String {
    match ending {
        Ending::Exited { code, out_of_memory: true } => format!("the agent ran out of memory ({code})"),
        Ending::Exited { code, .. } => format!("the agent failed ({code})"),
        Ending::SetUpFailed { code } => format!("the set-up failed ({code}), and the agent was not started"),
        other => other.to_string(),
    }
}

pub fn commits(count: u64) -> String {
    if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::record::state::State;

    fn headline(
        ending: Ending,
        outcome: Outcome,
        (commits, brought): (u64, Option<u64>),
        reason: Option<&str>,
    ) -> String {
        let report = RunReport {
            name: "job".to_owned(),
            state: State::Ended,
            ending: Some(ending),
            outcome: Some(outcome),
            reason: reason.map(str::to_owned),
            branch: Some("agent-1".to_owned()),
            target: "main".to_owned(),
            commits,
            complete: true,
            brought,
            notes: Vec::new(),
            handed_over: Vec::new(),
            conflicts: Vec::new(),
            check: None,
            kept: Vec::new(),
            models: crate::egress::model::tally::Counts::default(),
            egress: crate::egress::summary::Summary::default(),
            next: None,
        };
        report.headline()
    }

    #[test]
    fn every_end_is_told_in_a_plain_sentence() {
        let done = Ending::Exited { code: 0, out_of_memory: false };
        let failed = Ending::Exited { code: 7, out_of_memory: false };
        let moved = Some("main has moved on by 1");
        for (ending, outcome, counts, reason, said) in [
            (done, Outcome::Merged, (1, Some(1)), None, "job: merged into main (1 commit)"),
            (done, Outcome::Merged, (2, None), None, "job: merged into main (2 commits)"),
            (done, Outcome::Merged, (1, Some(0)), None, "job: merged into main (1 commit)"),
            (done, Outcome::Merged, (1, Some(3)), None, "job: merged into main (3 commits, 1 of this run)"),
            (
                done,
                Outcome::Merged,
                (0, Some(1)),
                None,
                "job: the agent made no commit; its branch was 1 ahead: merged into main",
            ),
            (failed, Outcome::Merged, (1, Some(1)), None, "job: the agent failed (7); merged into main (1 commit)"),
            (done, Outcome::NothingToMerge, (0, None), None, "job: nothing to merge into main"),
            (done, Outcome::Unmerged, (1, None), None, "job: 1 commit, not merged, as asked"),
            (failed, Outcome::Failed, (1, None), None, "job: the agent failed (7), 1 commit is kept"),
            (failed, Outcome::Failed, (0, None), None, "job: the agent failed (7), nothing to merge"),
            (
                Ending::Exited { code: 137, out_of_memory: true },
                Outcome::Failed,
                (2, None),
                None,
                "job: the agent ran out of memory (137), 2 commits are kept",
            ),
            (Ending::Stopped { code: 143 }, Outcome::Stopped, (0, None), None, "job: stopped, nothing to merge"),
            (Ending::TimedOut, Outcome::TimedOut, (2, None), None, "job: timed-out, 2 commits are kept"),
            (done, Outcome::Diverged, (1, None), moved, "job: 1 commit is kept; main has moved on by 1"),
            (
                failed,
                Outcome::Diverged,
                (1, None),
                moved,
                "job: the agent failed (7). 1 commit is kept; main has moved on by 1",
            ),
            (
                done,
                Outcome::CheckFailed,
                (1, None),
                Some("the check failed (2) after 3s: make test"),
                "job: 1 commit is kept; the check failed (2) after 3s: make test",
            ),
            (done, Outcome::TargetDirty, (1, None), Some("x"), "job: target-dirty, 1 commit is kept"),
        ] {
            assert_eq!(headline(ending, outcome, counts, reason), said);
        }
    }
}
