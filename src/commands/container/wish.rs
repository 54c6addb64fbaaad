//! What a run wants from its user, as `list` says it.

use std::path::Path;

use chrono::TimeDelta;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::commands::container::amounts::age_in_words;
use crate::commands::container::next::after;
use crate::commands::container::report::RunReport;
use crate::commands::container::table::wrapped;
use crate::egress::log::{Entry, Remedy};
use crate::output::paint::{Painted, Style};
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::check::Check;
use crate::run::record::run_json::{Record, RunSpec};
use crate::run::record::state::{Ending, Outcome, State};
use crate::run::watch::activity::Activity;
use crate::sanitize;
use crate::transcript::standing::Standing;
use crate::transcript::waits::Waits;

/// An agent of which nothing was seen for so long may hang.
const QUIET: TimeDelta = TimeDelta::minutes(10);

/// Some questions are answered by a program, or by nobody, at once.
const ASKED: TimeDelta = TimeDelta::seconds(10);
/// How long a program may take to end after its last turn, and a screen to stand still.
const AT_REST: TimeDelta = TimeDelta::seconds(30);
/// How long a program may stand still in the middle of a line.
const IN_LINE: TimeDelta = TimeDelta::seconds(60);

/// For how long nothing was seen of an agent, and where it stood.
#[derive(Clone, Copy, Debug)]
pub struct Quiet<'a> {
    pub time: TimeDelta,
    pub standing: &'a Standing,
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

/// What stands before what one can do, and before what goes on in another line.
const INDENT: &str = "  ";

impl Wish {
    /// Below a table of this width. Commands stay whole lines: they are to be copied.
    pub fn add_to(&self, whole: &mut Painted, name: &str, width: Option<usize>) {
        let room = width.unwrap_or(usize::MAX);
        let told = wrapped(&format!("{name}: {}", self.why), room, INDENT);
        let (name, why) = told.split_at(name.len());
        whole.add(Style::Plain, "\n");
        whole.add(Style::Bold, name);
        whole.add(Style::Plain, format!("{why}\n"));
        let column = self.next.iter().map(|step| step.what.len()).max().unwrap_or(0);
        for Step { what, command } in &self.next {
            let fits = 2 * INDENT.len() + column + command.width() <= room;
            let what = if fits { format!("{what:<column$}") } else { format!("{what}\n{INDENT}") };
            whole.add(Style::Plain, format!("{INDENT}{what}{INDENT}"));
            whole.add(Style::Cyan, command);
            whole.add(Style::Plain, "\n");
        }
    }
}

const LOOK: (&str, &str) = ("see what it printed", "logs");
const GIVE_UP: (&str, &str) = ("give it up", "discard");
const END: (&str, &str) = ("end it", "stop");
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
            wish("it is paused", &[("let it go on", "resume"), LOOK, END])
        }
        State::Running if seen.owned => {
            let hangs = quiet.and_then(|quiet| hangs(name, quiet, Shown::of(&seen.record.spec)));
            Ok(goes_on(name, hangs, refused))
        }
        _ if seen.owned => Ok(None),
        _ if seen.is_left_sign_in() => Ok(Some(sign_in_cut_off(record))),
        _ if record.check.as_ref().is_some_and(Check::is_open) => {
            wish("bn was killed while the work was checked", &[("check it, and merge", "merge"), GIVE_UP])
        }
        state if state.is_open() && activity != Activity::None => {
            wish("bn was killed, and its agent goes on without it", &[LOOK, ("end it, and merge", "merge"), GIVE_UP])
        }
        state if state.is_open() && record.unremoved.is_some() => {
            let why = record.unremoved.as_deref().unwrap_or_default();
            wish(&format!("its container could not be removed: {why}"), &[TRY_AGAIN, GIVE_UP])
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

/// Nothing of it is of use, and a new one removes it.
fn sign_in_cut_off(record: &Record) -> Wish {
    let program = record.spec.agent.program();
    let step = |what, command| Step { what, command };
    let next = vec![
        step("sign in again, which removes this", format!("bn container login {program}")),
        step("remove it", "bn container prune".to_owned()),
    ];
    Wish { why: format!("bn was killed before {program} was signed in"), next }
}

/// A run that works may lack something, or hang; or hang for what it lacks.
fn goes_on(name: &str, hangs: Option<Wish>, refused: &[Entry]) -> Option<Wish> {
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

/// Where a person sees what the agent shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown<'a> {
    /// In the lines that it prints alone.
    Printed,
    OnScreen,
    InWindow(&'a Path),
}

impl<'a> Shown<'a> {
    fn of(spec: &'a RunSpec) -> Self {
        match (&spec.screen, &spec.window) {
            (Some(_), _) => Shown::OnScreen,
            (None, Some(device)) => Shown::InWindow(device),
            (None, None) => Shown::Printed,
        }
    }
}

/// A run of which nothing is seen waits for somebody, or hangs.
fn hangs(name: &str, quiet: Quiet<'_>, shown: Shown<'_>) -> Option<Wish> {
    let why = match waits(quiet, shown) {
        Some(why) => why,
        None if quiet.time >= QUIET => {
            let doing = quiet.standing.doing.as_ref();
            let since = doing.map_or_else(String::new, |doing| format!(", and has not come back from {doing}"));
            let how = if shown == Shown::Printed { "printed" } else { "shown" };
            format!("it has {how}, committed and noted nothing for {}{since}", age_in_words(quiet.time))
        }
        None => return None,
    };
    match shown {
        Shown::OnScreen => return Some(Wish::new(name, why, &[("look at its screen", "attach"), END])),
        Shown::InWindow(_) => return Some(Wish::new(name, why, &[("look at what it has changed", "diff"), END])),
        Shown::Printed => {}
    }
    // Without a terminal nothing can be typed into it: a program that asks waits for ever.
    let mut wish = Wish::new(name, why, &[LOOK, ("look around in it", "shell"), END]);
    if quiet.standing.waits.as_ref().is_some_and(Waits::is_question) {
        let again = format!("bn container stop {name} && bn container retry {name} --feedback 'YOUR ANSWER'");
        wish.next.insert(1, Step { what: "try again, answered", command: again });
    }
    Some(wish)
}

/// What an agent waits for, once it has waited for so long that nobody else answers.
fn waits(quiet: Quiet<'_>, shown: Shown<'_>) -> Option<String> {
    let (waits, time) = (quiet.standing.waits.as_ref()?, age_in_words(quiet.time));
    let nobody = if shown == Shown::Printed { ", and nobody can answer" } else { "" };
    let place = match shown {
        Shown::InWindow(device) => format!(" in its window, {}", sanitize::path(device)),
        _ => String::new(),
    };
    let (patience, why) = match waits {
        Waits::Answer(question) => (ASKED, format!("it asks{nobody}: {question}")),
        Waits::Permission(what) => (ASKED, format!("it asks for permission{nobody}: {what}")),
        Waits::NextTurn(said) if waits.is_question() => {
            (AT_REST, format!("its turn ended {time} ago with a question{nobody}: {}", last_line(said)))
        }
        Waits::NextTurn(_) => (AT_REST, format!("its turn ended {time} ago, and its program goes on")),
        Waits::Still(None) => (AT_REST, format!("its screen has not changed for {time}: it waits for you{place}")),
        Waits::Still(Some(question)) => (IN_LINE, format!("it has stood still for {time} at: {question}")),
    };
    (quiet.time >= patience).then_some(why)
}

fn last_line(text: &str) -> &str {
    text.trim_end().lines().last().unwrap_or_default().trim()
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
        // Where both have changed the same, no command alone brings the work there.
        let (place, what) = if record.conflicts.is_empty() { (1, "merge it") } else { (2, "settle it yourself") };
        wish.next.insert(place, Step { what, command });
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
        let told = |hangs, refused: &[Entry]| {
            let wish = goes_on("job", hangs, refused)?;
            Some((wish.why, wish.next.into_iter().map(|step| step.command).collect::<Vec<_>>()))
        };
        let (why, next) = told(None, std::slice::from_ref(&open)).unwrap();
        assert_eq!(why, "the network refused db.corp:5432: private address");
        assert_eq!(next, ["bn container allow job db.corp:5432", "bn container logs job"]);
        let never = refused("169.254.169.254:80", Some(Remedy::Never));
        let (why, next) = told(hang(25, &Standing::default()), &[never, open.clone(), open]).unwrap();
        let hangs = "it has printed, committed and noted nothing for 25 minutes";
        assert_eq!(why, format!("{hangs}; the network refused 169.254.169.254:80 and 2 more hosts: private address"));
        assert_eq!(next[0], "bn container logs job");
        assert_eq!(told(None, &[]), None);
    }

    fn hang(minutes: i64, standing: &Standing) -> Option<Wish> {
        hangs("job", Quiet { time: TimeDelta::minutes(minutes), standing }, Shown::Printed)
    }

    #[test]
    fn what_hangs_is_told_from_what_works() {
        let wish = hang(25, &Standing::default()).unwrap();
        assert_eq!(wish.why, "it has printed, committed and noted nothing for 25 minutes");
        let at = Standing { doing: Some("Bash: npm init".to_owned()), waits: None };
        assert_eq!(hang(25, &at).unwrap().why, format!("{}, and has not come back from Bash: npm init", wish.why));
        assert!(hang(9, &at).is_none(), "a tool may take its time");
        let commands: Vec<&str> = wish.next.iter().map(|step| step.command.as_str()).collect();
        assert_eq!(commands, ["bn container logs job", "bn container shell job", "bn container stop job"]);
        let asks = Standing { doing: None, waits: Some(Waits::Answer("Which one?".to_owned())) };
        let answered = "bn container stop job && bn container retry job --feedback 'YOUR ANSWER'";
        assert_eq!(hang(1, &asks).unwrap().next[1].command, answered);
    }

    #[test]
    fn what_waits_is_told_from_what_takes_a_moment() {
        let told = |waits: &Waits, seconds, shown: Shown<'_>| {
            let standing = Standing { doing: None, waits: Some(waits.clone()) };
            hangs("job", Quiet { time: TimeDelta::seconds(seconds), standing: &standing }, shown)
        };
        let why = |waits: &Waits, seconds| told(waits, seconds, Shown::Printed).map(|wish| wish.why);
        let text = |text: &str| text.to_owned();
        for (waits, patience, said) in [
            (Waits::Answer(text("Which one?")), 10, "it asks, and nobody can answer: Which one?"),
            (Waits::Permission(text("Bash: make")), 10, "it asks for permission, and nobody can answer: Bash: make"),
            (
                Waits::NextTurn(text("Done.\n\nShall I push?\n")),
                30,
                "its turn ended 30 seconds ago with a question, and nobody can answer: Shall I push?",
            ),
            (Waits::NextTurn(text("Done.")), 30, "its turn ended 30 seconds ago, and its program goes on"),
            (Waits::Still(Some(text("[y/N]"))), 60, "it has stood still for 1 minute at: [y/N]"),
        ] {
            assert_eq!(why(&waits, patience).as_deref(), Some(said));
            assert_eq!(why(&waits, patience - 1), None, "{said}");
        }
        let screen = told(&Waits::Still(None), 45, Shown::OnScreen).unwrap();
        assert_eq!(screen.why, "its screen has not changed for 45 seconds: it waits for you");
        assert_eq!(screen.next[0].command, "bn container attach job");
        let window = told(&Waits::Still(None), 45, Shown::InWindow("/dev/pts/3".as_ref())).unwrap();
        assert_eq!(window.why, "its screen has not changed for 45 seconds: it waits for you in its window, /dev/pts/3");
        assert!(window.next.iter().all(|step| !step.command.contains("attach")));
    }
}
