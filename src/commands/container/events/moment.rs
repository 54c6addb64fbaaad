//! A run as it is at a moment: what there is to tell of it when it changes.

use std::path::PathBuf;

use crate::commands::container::live::Sign;
use crate::commands::container::report::RunReport;
use crate::commands::container::wish::{self, Quiet};
use crate::env::now;
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::state::{Ending, Outcome, State};
use crate::run::watch::activity::{Activity, activity};
use crate::run::watch::refusals;

/// What is known of a run at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub name: String,
    /// The main worktree of its repository.
    pub repository: String,
    pub session: String,
    pub folder: PathBuf,
    pub state: State,
    pub owned: bool,
    pub activity: Activity,
    pub ending: Option<Ending>,
    pub outcome: Option<Outcome>,
    /// How it ended, in words.
    pub said: String,
    /// Why somebody has to look at it while it works.
    pub waits: Option<String>,
    /// Hosts that the network refused.
    pub refused: Vec<String>,
}

impl Moment {
    /// Looks at a run. `sign` is what was last seen of its agent, where that is known.
    pub fn of(seen: &Seen, sign: Option<&Sign>) -> Result<Self, RunError> {
        let record = &seen.record;
        let goes_on = record.state.is_open();
        let found = activity(seen).map_err(|source| RunError::io("watch", seen.folder.path(), source))?;
        let refused = match goes_on {
            true => refusals::first(&record.spec, &seen.folder),
            false => Ok(Vec::new()),
        };
        let refused = refused.map_err(|source| RunError::io("read", seen.folder.path(), source))?;
        let works = record.state == State::Running && seen.owned && found == Activity::Runs;
        let quiet = sign.map(|sign| Quiet { time: now() - sign.at, standing: &sign.standing });
        let waits = if works { wish::of(seen, found, quiet, &[])?.map(|wish| wish.why) } else { None };
        Ok(Self {
            name: record.name().to_owned(),
            repository: record.spec.checkout.main_worktree.display().to_string(),
            session: record.spec.session.clone(),
            folder: seen.folder.path().to_owned(),
            state: record.state,
            owned: seen.owned,
            activity: found,
            ending: record.ending,
            outcome: record.outcome,
            said: if goes_on { String::new() } else { RunReport::of(record, &seen.folder)?.said() },
            waits,
            refused: refused.into_iter().map(|entry| entry.asked).collect(),
        })
    }

    /// Whether nobody leads it on any more, though it has not come to its end.
    pub fn is_interrupted(&self) -> bool {
        self.state.is_open() && !self.owned
    }
}
