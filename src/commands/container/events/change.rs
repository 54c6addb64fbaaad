//! What happened to a run between two moments.

use serde::Serialize;

use crate::commands::container::events::moment::Moment;
use crate::run::record::state::{Outcome, State};
use crate::run::watch::activity::Activity;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Started,
    /// Its container could not be started.
    StartFailed(String),
    Paused,
    Resumed,
    /// Somebody has to look at it, and why.
    Waiting(String),
    /// It waits no longer.
    Working,
    /// The network refused a host.
    Refused(String),
    /// `bn` was killed, or the machine went down.
    Interrupted,
    /// Its agent has ended, and this became of it.
    Ended(String),
    Merged,
    /// Somebody gave it up.
    Discarded,
    /// It was done with, and forgotten.
    Forgotten,
}

/// Its name in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Started,
    StartFailed,
    Paused,
    Resumed,
    Waiting,
    Working,
    Refused,
    Interrupted,
    Ended,
    Merged,
    Discarded,
    Forgotten,
}

impl Change {
    pub fn kind(&self) -> Kind {
        match self {
            Change::Started => Kind::Started,
            Change::StartFailed(_) => Kind::StartFailed,
            Change::Paused => Kind::Paused,
            Change::Resumed => Kind::Resumed,
            Change::Waiting(_) => Kind::Waiting,
            Change::Working => Kind::Working,
            Change::Refused(_) => Kind::Refused,
            Change::Interrupted => Kind::Interrupted,
            Change::Ended(_) => Kind::Ended,
            Change::Merged => Kind::Merged,
            Change::Discarded => Kind::Discarded,
            Change::Forgotten => Kind::Forgotten,
        }
    }

    /// For people.
    pub fn in_words(&self) -> String {
        match self {
            Change::Started => "started".to_owned(),
            Change::StartFailed(why) => format!("could not be started: {why}"),
            Change::Paused => "paused".to_owned(),
            Change::Resumed => "resumed".to_owned(),
            Change::Waiting(why) => format!("waits: {why}"),
            Change::Working => "works again".to_owned(),
            Change::Refused(host) => format!("the network refused {host}"),
            Change::Interrupted => "interrupted: nobody watches it any more".to_owned(),
            Change::Ended(how) => format!("ended: {how}"),
            Change::Merged => "merged".to_owned(),
            Change::Discarded => "discarded".to_owned(),
            Change::Forgotten => "forgotten: it was done with".to_owned(),
        }
    }
}

/// What happened between two looks, in order. A run that was not there before began in between.
pub fn between(before: Option<&Moment>, now: &Moment) -> Vec<Change> {
    let mut changes = Vec::new();
    let is_over = |moment: &Moment| matches!(moment.state, State::Ended | State::CollectFailed);
    let has_started = |moment: &Moment| moment.state >= State::Running && moment.state != State::StartFailed;
    let was = |what: &dyn Fn(&Moment) -> bool| before.is_some_and(what);
    if has_started(now) && !was(&has_started) {
        changes.push(Change::Started);
    }
    if now.state == State::StartFailed && !was(&|before| before.state == State::StartFailed) {
        changes.push(Change::StartFailed(now.said.clone()));
    }
    let known = before.map(|before| before.refused.as_slice()).unwrap_or_default();
    changes.extend(now.refused.iter().filter(|host| !known.contains(host)).cloned().map(Change::Refused));
    let paused = |moment: &Moment| moment.activity == Activity::Paused;
    match (was(&paused), paused(now)) {
        (false, true) => changes.push(Change::Paused),
        (true, false) if now.activity == Activity::Runs => changes.push(Change::Resumed),
        _ => {}
    }
    match (&now.waits, before.and_then(|before| before.waits.as_ref())) {
        (Some(why), None) => changes.push(Change::Waiting(why.clone())),
        (None, Some(_)) if now.state == State::Running && now.activity == Activity::Runs => {
            changes.push(Change::Working);
        }
        _ => {}
    }
    if now.is_interrupted() && !was(&Moment::is_interrupted) {
        changes.push(Change::Interrupted);
    }
    if is_over(now) && !was(&is_over) {
        changes.push(Change::Ended(now.said.clone()));
    }
    let merged = |moment: &Moment| moment.outcome == Some(Outcome::Merged);
    if merged(now) && is_over(now) && !was(&|before| merged(before) && is_over(before)) {
        changes.push(Change::Merged);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(state: State) -> Moment {
        Moment {
            name: "job".to_owned(),
            repository: "/r".to_owned(),
            session: "run-1".to_owned(),
            folder: "/runs/job".into(),
            state,
            owned: state.is_open(),
            activity: if state == State::Running { Activity::Runs } else { Activity::None },
            ending: None,
            outcome: None,
            said: "said".to_owned(),
            waits: None,
            refused: Vec::new(),
        }
    }

    #[test]
    fn every_step_is_told_once() {
        let works = moment(State::Running);
        let ended = Moment { outcome: Some(Outcome::Merged), ..moment(State::Ended) };
        assert_eq!(between(None, &moment(State::Preparing)), []);
        assert_eq!(between(Some(&moment(State::Starting)), &works), [Change::Started]);
        assert_eq!(between(Some(&works), &works), []);
        assert_eq!(between(Some(&works), &ended), [Change::Ended("said".to_owned()), Change::Merged]);
        assert_eq!(between(Some(&ended), &ended), []);
        // One that came and went between two looks.
        assert_eq!(between(None, &ended), [Change::Started, Change::Ended("said".to_owned()), Change::Merged]);
        assert_eq!(between(None, &moment(State::StartFailed)), [Change::StartFailed("said".to_owned())]);
        let diverged = Moment { outcome: Some(Outcome::Diverged), ..ended.clone() };
        assert_eq!(between(Some(&diverged), &ended), [Change::Merged]);
    }

    #[test]
    fn what_befalls_a_run_that_works() {
        let works = moment(State::Running);
        let paused = Moment { activity: Activity::Paused, ..works.clone() };
        assert_eq!(between(Some(&works), &paused), [Change::Paused]);
        assert_eq!(between(Some(&paused), &works), [Change::Resumed]);
        let waits = Moment { waits: Some("silent".to_owned()), ..works.clone() };
        assert_eq!(between(Some(&works), &waits), [Change::Waiting("silent".to_owned())]);
        assert_eq!(between(Some(&waits), &waits), []);
        assert_eq!(between(Some(&waits), &works), [Change::Working]);
        let refused = Moment { refused: vec!["a:1".to_owned(), "b:1".to_owned()], ..works.clone() };
        let one = Moment { refused: vec!["a:1".to_owned()], ..works.clone() };
        assert_eq!(between(Some(&one), &refused), [Change::Refused("b:1".to_owned())]);
        let lost = Moment { owned: false, ..works.clone() };
        assert_eq!(between(Some(&works), &lost), [Change::Interrupted]);
        // One that ends while it is paused was not resumed.
        assert_eq!(between(Some(&paused), &moment(State::Ended)), [Change::Ended("said".to_owned())]);
    }
}
