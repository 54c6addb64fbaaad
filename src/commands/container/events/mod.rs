//! `bn container events`: what happens to runs, as it happens. It reads the records, and nobody has to tell it.

pub mod change;
pub mod moment;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Local, Utc};
use serde::Serialize;

use crate::cli::container::EventsArgs;
use crate::commands::container::find::Runs;
use crate::commands::container::live;
use crate::commands::{Context, Exit};
use crate::env::now;
use crate::error::Failure;
use crate::run::life::discard;
use crate::run::record::census::Seen;
use crate::run::record::state::{Ending, Outcome};
use change::{Change, Kind, between};
use moment::Moment;

/// How often the records are looked at.
const EVERY: Duration = Duration::from_millis(300);

/// One thing that happened, as it is printed.
#[derive(Serialize)]
struct Event {
    at: DateTime<Utc>,
    event: Kind,
    name: String,
    repository: String,
    session: String,
    /// In words.
    text: String,
    /// What the network refused.
    host: Option<String>,
    ending: Option<Ending>,
    exit_code: Option<u8>,
    outcome: Option<Outcome>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.with_timezone(&Local).format("%H:%M:%S");
        // Two spaces: a name has none.
        writeln!(f, "{at}  {}  {}", self.name, self.text)
    }
}

impl Event {
    fn of(moment: &Moment, change: Change) -> Self {
        Self {
            at: now(),
            event: change.kind(),
            name: moment.name.clone(),
            repository: moment.repository.clone(),
            session: moment.session.clone(),
            text: change.in_words(),
            host: match change {
                Change::Refused(host) => Some(host),
                _ => None,
            },
            ending: moment.ending,
            exit_code: moment.ending.map(Ending::exit_code),
            outcome: moment.outcome,
        }
    }
}

pub fn run(args: &EventsArgs, context: &Context) -> Result<Exit, Failure> {
    let mut watch = Watch::begin(args, context)?;
    loop {
        for event in watch.look(context)? {
            context.output.print(&event)?;
        }
        // It would else go on until the next event, long after its reader has gone.
        if context.output.is_unread() {
            return Ok(Exit::DONE);
        }
        std::thread::sleep(EVERY);
    }
}

/// The runs that are watched, as they were at the last look.
struct Watch<'a> {
    args: &'a EventsArgs,
    known: BTreeMap<String, Moment>,
}

impl<'a> Watch<'a> {
    /// What is there already is no event.
    fn begin(args: &'a EventsArgs, context: &Context) -> Result<Self, Failure> {
        let runs = Runs::read(context)?;
        for name in &args.names {
            runs.named(name, |run| run.owned)?;
        }
        let mut watch = Self { args, known: BTreeMap::new() };
        watch.known = watch.moments(context)?;
        Ok(watch)
    }

    fn look(&mut self, context: &Context) -> Result<Vec<Event>, Failure> {
        let found = self.moments(context)?;
        let mut events = Vec::new();
        for (session, moment) in &self.known {
            if !found.contains_key(session) {
                let gone = if is_discarded(moment) { Change::Discarded } else { Change::Forgotten };
                events.push(Event::of(moment, gone));
            }
        }
        for (session, moment) in &found {
            let changes = between(self.known.get(session), moment);
            events.extend(changes.into_iter().map(|change| Event::of(moment, change)));
        }
        self.known = found;
        Ok(events)
    }

    /// By session: a name can be given again. A run that cannot be looked at stays as it was.
    fn moments(&self, context: &Context) -> Result<BTreeMap<String, Moment>, Failure> {
        let quiet = Context { env: context.env.clone(), output: context.output.without_notes() };
        let mut seen = Runs::read(&quiet)?.to_look_at(self.args.scope.all_repositories || !self.args.names.is_empty());
        seen.retain(|run| self.is_wanted(run));
        let signs: HashMap<PathBuf, live::Sign> = live::signs(&seen, &quiet);
        let mut found = BTreeMap::new();
        for run in &seen {
            let session = run.record.spec.session.clone();
            let moment = Moment::of(run, signs.get(run.folder.path()));
            // A run that goes in this moment cannot be read.
            if let Some(moment) = moment.ok().or_else(|| self.known.get(&session).cloned()) {
                found.insert(session, moment);
            }
        }
        Ok(found)
    }

    fn is_wanted(&self, run: &Seen) -> bool {
        let names = &self.args.names;
        names.is_empty() || names.iter().any(|name| crate::container::name::answers_to(run.record.name(), name))
    }
}

/// Whether a copy of it was kept, as of one that somebody gave up.
fn is_discarded(moment: &Moment) -> bool {
    discard::has_copy(&moment.folder, &moment.session)
}
