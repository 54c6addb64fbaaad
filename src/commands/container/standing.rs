//! Where an agent stands, by the end of what it printed or shows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use chrono::TimeDelta;

use crate::commands::container::screen;
use crate::run::record::census::Seen;
use crate::run::record::run_json::{Mode, RunSpec};
use crate::transcript::standing::{Standing, standing};
use crate::transcript::waits::Waits;

/// So much of a log is looked at. Bytes.
const END_OF_LOG: u64 = 256 << 10;

/// A screen that has stood still for so long is looked at.
const STILL: TimeDelta = TimeDelta::seconds(30);

/// Where the agent stands. `quiet` is how long nothing was seen of it. What cannot be read tells nothing.
pub fn of(run: &Seen, quiet: TimeDelta) -> Standing {
    let spec = &run.record.spec;
    match (spec.terminal, spec.has_transcript()) {
        (false, true) => end_of_log(run).map(|end| standing(&end)).unwrap_or_default(),
        (false, false) => end_of_log(run).map(|end| Standing::default().or_still(&end)).unwrap_or_default(),
        (true, _) if quiet >= STILL => on_screen(run),
        (true, _) => Standing::default(),
    }
}

fn end_of_log(run: &Seen) -> io::Result<Vec<u8>> {
    let mut log = File::open(run.folder.log())?;
    let length = log.metadata()?.len();
    log.seek(SeekFrom::Start(length.saturating_sub(END_OF_LOG)))?;
    let mut end = Vec::new();
    log.take(END_OF_LOG).read_to_end(&mut end)?;
    Ok(end)
}

/// While they work, the screens of agent programs move all the time.
fn on_screen(run: &Seen) -> Standing {
    if is_agent(&run.record.spec) {
        return Standing { waits: Some(Waits::Still(None)), ..Standing::default() };
    }
    let shown = screen::shown(run).ok().flatten();
    shown.map(|(_, bytes)| Standing::default().or_still(&bytes)).unwrap_or_default()
}

fn is_agent(spec: &RunSpec) -> bool {
    spec.mode != Mode::Shell && spec.agent_inside().is_some()
}
