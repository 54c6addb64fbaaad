//! The end of a container: how its process ended, and its removal.

use std::time::Duration;

use crate::error::{Failure, in_one_sentence};
use crate::failpoint::{self, Point};
use crate::process::ProcessError;
use crate::run::engine::{Engine, EngineError, Removal};
use crate::run::record::run::Run;
use crate::run::record::state::Ending;
use crate::run::watch::status;

/// How the agent ended. What containerd and the host's kernel know counts more than what was written inside: where the entrypoint
/// itself was killed, nothing was.
pub fn ending(run: &mut Run, engine: &Engine, known: Option<u8>, memory_kills: bool) -> Result<Ending, Failure> {
    let known = match known {
        Some(code) => Some(code),
        None => removed(run, engine.remove_process(run.name()))?.flatten(),
    };
    let said = status::exit_status(&run.folder);
    let out_of_memory = memory_kills || said.is_some_and(|said| said.out_of_memory);
    let code = known.or(said.map(|said| said.code));
    let not_set_up = !out_of_memory && said.is_some_and(|said| said.set_up_failed);
    Ok(match code {
        None => Ending::Lost,
        Some(code) if not_set_up && code != 0 => Ending::SetUpFailed { code },
        Some(code) => Ending::Exited { code, out_of_memory: out_of_memory && code != 0 },
    })
}

pub fn as_stopped(ending: Ending) -> Ending {
    Ending::Stopped { code: ending.exit_code() }
}

/// Waits until the container is gone; where that takes a password that nobody can give now, the record says so.
pub fn finish_removal(run: &mut Run, removal: Result<Removal, EngineError>) -> Result<(), Failure> {
    if removed(run, removal.and_then(Removal::finish))?.is_some() {
        failpoint::reached(Point::ContainerRemoved);
    }
    Ok(())
}

fn removed<T>(run: &mut Run, answer: Result<T, EngineError>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(known) => {
            run.record.needs_sudo = false;
            run.record.unremoved = None;
            Ok(Some(known))
        }
        Err(EngineError::Process(ProcessError::Sudo { .. })) => {
            run.record.needs_sudo = true;
            Ok(None)
        }
        Err(error) => {
            let error = error.into();
            run.record.unremoved = Some(in_one_sentence(&error));
            Err(error)
        }
    }
}

/// Removes the container.
pub fn remove_container(run: &mut Run, engine: &Engine) -> Result<(), Failure> {
    let removal = engine.begin_removal(run.name());
    finish_removal(run, removal)
}

/// Removes what is left of a container whose run has ended.
pub fn clean_up(run: &mut Run, engine: &Engine) -> Result<(), Failure> {
    remove_container(run, engine)?;
    Ok(run.save(Point::CleanedUp)?)
}

/// Ends the container of a run without an owner, so that the run can be finished.
pub fn halt(run: &mut Run, engine: &Engine, grace: Duration) -> Result<(), Failure> {
    let alive = engine.task(run.name())?.is_some_and(|task| task.status.is_alive());
    if alive {
        engine.terminate(run.name(), grace)?;
    }
    if run.record.ending.is_none() {
        let ending = ending(run, engine, None, false)?;
        run.record.ending = Some(if alive { as_stopped(ending) } else { ending });
    }
    Ok(())
}
