//! What a run wants from its user, as `list` says it.

use chrono::TimeDelta;
use serde::Serialize;

use crate::commands::container::amounts::age_in_words;
use crate::commands::container::next::after;
use crate::commands::container::report::RunReport;
use crate::egress::log::{Entry, Remedy};
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::check::Check;
use crate::run::record::run_json::Record;
use crate::run::record::state::{Ending, Outcome, State};
use crate::run::watch::activity::Activity;

/// An agent of which nothing was seen for so long may hang.
const QUIET: TimeDelta = TimeDelta::minutes(10);

/// For how long nothing was seen of an agent, and what it was at.
#[derive(Clone, Copy, Debug)]
pub struct Quiet<'a> {
    pub time: TimeDelta,
    /// The tool that it had begun, where that is known.
    pub doing: Option<&'a str>,
}

/// Why somebody has to look at a run, and what they can do.
#[derive(Clone, Debug, Serialize)]
pub struct Wish {
    pub why: String,
    pub next: Vec<Step>,
}

/// One thing to do.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// For people.
    pub what: &'static str,
    pub command: String,
}

impl Wish {
    fn new(name: &str, why: impl Into<String>, verbs: &[(&'static str, &str)]) -> Self {
        let step = |(what, verb): &(&'static str, &str)| Step { what, command: format!("bn container {verb} {name}") };
        Self { why: why.into(), next: verbs.iter().map(step).collect() }
    }
}

const LOOK: (&str, &str) = ("see what it printed", "logs");
const GIVE_UP: (&str, &str) = ("give it up", "discard");
const RETRY: (&str, &str) = ("let the agent try again", "retry");
const TRY_AGAIN: (&str, &str) = ("try again", "merge");

/// What the run wants. `quiet` is how long nothing was seen of its agent, `refused` what
/// the network refused it.
pub fn of(
    seen: &Seen,
    activity: Activity,
    quiet: Option<Quiet<'_>>,
    refused: &[Entry],
) -> Result<Option<Wish>, RunError> {
    let (record, name) = (&seen.record, seen.record.name());
    let wish = |why: &str, verbs: &[(&'static str, &str)]| Ok(Some(Wish::new(name, why, verbs)));
    let reason = |otherwise: &str| record.reason.clone().unwrap_or_else(|| otherwise.to_owned());
    match record.state {
        State::Running if seen.owned && activity == Activity::Paused => {
            wish("it is paused", &[("let it go on", "resume"), LOOK, ("end it", "stop")])
        }
        State::Running if seen.owned => Ok(goes_on(name, quiet.filter(|quiet| quiet.time >= QUIET), refused)),
        _ if seen.owned => Ok(None),
        _ if record.check.as_ref().is_some_and(Check::is_open) => {
            wish("bn was killed while the work was checked", &[("check it, and merge", "merge"), GIVE_UP])
        }
        state if state.is_open() && activity != Activity::None => {
            wish("bn was killed, and its agent goes on without it", &[LOOK, ("end it, and merge", "merge"), GIVE_UP])
        }
        state if state.is_open() => {
            wish("bn was killed, or containerd or the machine went down", &[("finish it, and merge", "merge"), GIVE_UP])
        }
        State::CollectFailed => wish(&reason("its work could not be taken over"), &[TRY_AGAIN, GIVE_UP]),
        _ if record.needs_sudo => wish("to remove its container takes sudo", &[("remove it", "merge")]),
        State::StartFailed => {
            let prune = Step { what: "forget it", command: "bn container prune".to_owned() };
            Ok(Some(Wish { why: reason("it could not be started"), next: vec![prune] }))
        }
        // The other one says what there is to do.
        _ if is_tried_again(seen) => Ok(None),
        _ => ended(seen),
    }
}

/// A run that works may lack something, or hang; or hang for what it lacks.
fn goes_on(name: &str, quiet: Option<Quiet<'_>>, refused: &[Entry]) -> Option<Wish> {
    let hangs = quiet.map(|quiet| hangs(name, quiet));
    let Some(first) = refused.first() else { return hangs };
    let more = match refused.len() {
        1 => String::new(),
        2 => " and one more host".to_owned(),
        all => format!(" and {} more hosts", all - 1),
    };
    let why = format!("the network refused {}{more}: {}", first.asked, first.reason);
    let mut wish = match hangs {
        Some(hangs) => Wish { why: format!("{}; {why}", hangs.why), ..hangs },
        None => Wish::new(name, why, &[LOOK]),
    };
    if let Some(Remedy::Allow(rule)) = &first.remedy {
        wish.next.insert(0, Step { what: "open it", command: format!("bn container allow {name} {rule}") });
    }
    Some(wish)
}

fn hangs(name: &str, quiet: Quiet<'_>) -> Wish {
    // Without a terminal nothing can be typed into it: a program that asks waits for ever.
    let since = quiet.doing.map_or_else(String::new, |doing| format!(", and has not come back from {doing}"));
    let why = format!("it has printed, committed and noted nothing for {}{since}", age_in_words(quiet.time));
    Wish::new(name, why, &[LOOK, ("look around in it", "shell"), ("end it", "stop")])
}

fn ended(seen: &Seen) -> Result<Option<Wish>, RunError> {
    let (record, name) = (&seen.record, seen.record.name());
    let why = || RunReport::of(record, &seen.folder).map(|report| report.said());
    let left = record.outcome.is_some_and(Outcome::leaves_work);
    let work = record.collected.as_ref().is_some_and(|collected| collected.new_commits > 0 || !collected.complete);
    if left && !work {
        let failed = record.ending.is_some_and(Ending::is_doubtful) || record.stop_message.is_some();
        let prune = Step { what: "forget it", command: "bn container prune".to_owned() };
        let mut wish = Wish::new(name, with_word(record, why()?), &[LOOK, RETRY]);
        wish.next.push(prune);
        return Ok(failed.then_some(wish));
    }
    let Some(command) = after(record).filter(|_| left) else { return Ok(None) };
    let again: &[(&'static str, &str)] = if wants_another_try(record) { &[RETRY] } else { &[] };
    let verbs = [&[("look at it", "diff")], again, &[GIVE_UP]].concat();
    let mut wish = Wish::new(name, with_word(record, why()?), &verbs);
    if !wish.next.iter().any(|step| step.command == command) {
        wish.next.insert(1, Step { what: "merge it", command });
    }
    if record.outcome == Some(Outcome::CheckFailed) {
        let log = Step { what: "see what the check printed", command: format!("bn container logs {name} --check") };
        wish.next.insert(0, log);
        let merge = Step { what: "check again, and merge", command: format!("bn container merge {name}") };
        wish.next.insert(wish.next.len() - 1, merge);
    }
    Ok(Some(wish))
}

/// Whether an agent can do something about what keeps the work from its target.
fn wants_another_try(record: &Record) -> bool {
    match record.outcome {
        Some(Outcome::Failed | Outcome::Stopped | Outcome::TimedOut | Outcome::CheckFailed) => true,
        Some(Outcome::Diverged) => !record.conflicts.is_empty(),
        _ => false,
    }
}

fn is_tried_again(seen: &Seen) -> bool {
    let by = seen.record.retried_by.as_ref();
    by.is_some_and(|by| seen.folder.path().with_file_name(by).is_dir())
}

/// What whoever stopped it has said comes with the reason.
fn with_word(record: &Record, why: String) -> String {
    match &record.stop_message {
        Some(word) => format!("{why}; a word from whoever stopped it: {word}"),
        None => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::log::Decision;

    fn minutes(minutes: i64) -> Quiet<'static> {
        Quiet { time: TimeDelta::minutes(minutes), doing: None }
    }

    #[test]
    fn what_the_network_refuses_is_told_of_a_run_that_works_and_of_one_that_hangs() {
        let refused = |asked: &str, remedy| Entry {
            decision: Decision::Refused,
            asked: asked.to_owned(),
            address: None,
            remedy,
            reason: "private address".to_owned(),
        };
        let open = refused("db.corp:5432", Some(Remedy::Allow("db.corp:5432".to_owned())));
        let told = |quiet, refused: &[Entry]| {
            let wish = goes_on("job", quiet, refused)?;
            Some((wish.why, wish.next.into_iter().map(|step| step.command).collect::<Vec<_>>()))
        };
        let (why, next) = told(None, std::slice::from_ref(&open)).unwrap();
        assert_eq!(why, "the network refused db.corp:5432: private address");
        assert_eq!(next, ["bn container allow job db.corp:5432", "bn container logs job"]);
        let never = refused("169.254.169.254:80", Some(Remedy::Never));
        let (why, next) = told(Some(minutes(25)), &[never, open.clone(), open]).unwrap();
        let hangs = "it has printed, committed and noted nothing for 25 minutes";
        assert_eq!(why, format!("{hangs}; the network refused 169.254.169.254:80 and 2 more hosts: private address"));
        assert_eq!(next[0], "bn container logs job");
        assert_eq!(told(None, &[]), None);
    }

    #[test]
    fn what_hangs_is_told_from_what_works() {
        let wish = hangs("job", minutes(25));
        assert_eq!(wish.why, "it has printed, committed and noted nothing for 25 minutes");
        let at = Quiet { doing: Some("Bash: npm init"), ..minutes(25) };
        assert_eq!(hangs("job", at).why, format!("{}, and has not come back from Bash: npm init", wish.why));
        let commands: Vec<&str> = wish.next.iter().map(|step| step.command.as_str()).collect();
        assert_eq!(commands, ["bn container logs job", "bn container shell job", "bn container stop job"]);
    }
}
