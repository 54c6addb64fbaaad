//! Ends a run from outside, with an owner or without.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::Failure;
use crate::failpoint::{self, Point};
use crate::git::host::Git;
use crate::output::progress;
use crate::run::engine::Engine;
use crate::run::life::check;
use crate::run::life::land::{Landing, Merge};
use crate::run::life::over;
use crate::run::life::steps::{self, Resume};
use crate::run::record::census::Seen;
use crate::run::record::check::Check;
use crate::run::record::folder::Folder;
use crate::run::record::run::Run;
use crate::run::record::run_json::Record;
use crate::run::record::state::State;
use crate::run::record::unreadable::Unreadable;
use crate::run::record::{RunError, lock, store};

/// How long a living owner may take to collect what its agent left.
const OWNER_TIMEOUT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// A run that is over.
#[derive(Debug, Serialize)]
pub struct Stopped {
    pub name: String,
    pub state: State,
    #[serde(skip)]
    pub note: Option<String>,
}

/// Stops the container, and waits until its work is collected: by its owner, or here where it has none.
pub fn stop(
    seen: &Seen,
    engine: &Engine,
    git: &Git,
    deadline: Instant,
    message: Option<&str>,
) -> Result<Stopped, Failure> {
    let stopped = end(seen, engine, git, deadline)?;
    if let (Some(message), Some(mut run)) = (message, Run::take_over(seen.folder.clone())?) {
        run.record.stop_message = Some(message.to_owned());
        run.save(Point::CleanedUp)?;
    }
    Ok(stopped)
}

fn end(seen: &Seen, engine: &Engine, git: &Git, deadline: Instant) -> Result<Stopped, Failure> {
    let name = seen.record.name();
    if !seen.owned && !seen.record.state.is_open() {
        return already_ended(seen, engine);
    }
    let request = seen.folder.stop_request();
    store::write_durably(&request, b"", 0o600).map_err(|source| RunError::io("write", &request, source))?;
    failpoint::reached(Point::StopRequested);
    check::stop(seen, engine)?;
    // Where none is alive, that is soon said.
    engine.terminate(name, deadline.saturating_duration_since(Instant::now()))?;
    if owner_released(&seen.folder)? {
        if let Some(mut run) = Run::take_over(seen.folder.clone())?
            && (run.record.state.is_open() || run.record.needs_sudo)
        {
            let wanted = Resume { landing: Landing::of(Merge::No), grace: Duration::ZERO, consent: &|_, _| Ok(()) };
            steps::resume(&mut run, &|| Ok(engine.clone()), git, &wanted)?;
        }
        let state = Record::load(&seen.folder)?.state;
        return Ok(Stopped { name: name.to_owned(), state, note: None });
    }
    Err(RunError::StillOwned { name: name.to_owned(), state: Record::load(&seen.folder)?.state.to_string() }.into())
}

/// Ends the container of a run whose record cannot be read. If its owner lives, it finishes the run from what it knows.
pub fn stop_unreadable(lost: &Unreadable, engine: &Engine, deadline: Instant) -> Result<Stopped, Failure> {
    let name = lost.name();
    if engine.task(&name)?.is_some_and(|task| task.status.is_alive()) {
        engine.terminate(&name, deadline.saturating_duration_since(Instant::now()))?;
    }
    if !owner_released(&lost.folder)? {
        return Err(lost.in_the_way(true).into());
    }
    if let Ok(record) = Record::load(&lost.folder) {
        return Ok(Stopped { name, state: record.state, note: None });
    }
    engine.remove(&name)?;
    let note = format!(
        "{name} is stopped, and its record cannot be read: bn container discard {name} keeps a copy of its work"
    );
    Ok(Stopped { name, state: State::CollectFailed, note: Some(note) })
}

fn already_ended(seen: &Seen, engine: &Engine) -> Result<Stopped, Failure> {
    let name = seen.record.name().to_owned();
    let state = seen.record.state;
    let checks = seen.record.check.as_ref().is_some_and(Check::is_open);
    if (seen.record.needs_sudo || checks)
        && let Some(mut run) = Run::take_over(seen.folder.clone())?
    {
        check::clear(&mut run, engine)?;
        over::clean_up(&mut run, engine)?;
        return Ok(Stopped { name, state, note: None });
    }
    let note = match state {
        State::CollectFailed => format!(
            "{name} has ended, and its commits could not be taken over: bn container merge {name} tries again, bn container discard {name} gives it up"
        ),
        _ => format!("{name} has ended already"),
    };
    Ok(Stopped { note: Some(note), name, state })
}

/// Waits for the owner, who collects once the container is gone.
fn owner_released(folder: &Folder) -> Result<bool, Failure> {
    let path = folder.lock();
    let deadline = Instant::now() + OWNER_TIMEOUT;
    while lock::is_held(&path).map_err(|source| RunError::io("lock", &path, source))? {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        progress::sleep(POLL);
    }
    Ok(true)
}
