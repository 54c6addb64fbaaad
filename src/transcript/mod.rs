//! What an agent program prints in its streaming form, a JSON value a line, as lines that people read.
//!
//! Whoever prints it is a stranger: a line that is no such value is passed on as it is, and nothing is kept without a bound.

mod event;
pub mod standing;
pub mod waits;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use event::Event;
use waits::Waits;

/// A longer line is not taken apart. Bytes.
const LONGEST_LINE: usize = 4 << 20;
/// So many tools are remembered that were begun and have not ended.
const MOST_RUNNING: usize = 1000;

/// The stream of one agent.
#[derive(Debug, Default)]
pub struct Transcript {
    /// The beginning of a line that may be a JSON value.
    line: Vec<u8>,
    /// In a line that is passed on as it comes.
    passing: bool,
    /// Bytes left out of a line that is too long.
    left_out: usize,
    running: HashMap<String, (String, Instant)>,
    /// Whether what is read is printed at this moment, so that a tool's time can be told.
    live: bool,
}

impl Transcript {
    /// `live` says whether the agent prints now what is read.
    pub fn new(live: bool) -> Self {
        Self { live, ..Self::default() }
    }

    /// From now on the agent prints what is read.
    pub fn goes_live(&mut self) {
        self.live = true;
        // When these began is not known.
        self.running.clear();
    }

    /// What people are to read of the next bytes, wherever these are cut.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = piece.last() == Some(&b'\n');
            self.passing |= self.line.is_empty() && self.left_out == 0 && piece.first() != Some(&b'{');
            match self.passing {
                true => shown.extend_from_slice(piece),
                false if self.line.len() + piece.len() > LONGEST_LINE => self.left_out += piece.len(),
                false => self.line.extend_from_slice(piece),
            }
            if ends {
                self.end_line(&mut shown);
            }
        }
        shown
    }

    /// What is left where nothing follows.
    pub fn end(&mut self) -> Vec<u8> {
        let mut shown = Vec::new();
        self.end_line(&mut shown);
        shown
    }

    /// Whether the beginning of a line is held back until its end has come.
    pub fn holds_back(&self) -> bool {
        !self.line.is_empty() || self.left_out > 0
    }

    fn end_line(&mut self, shown: &mut Vec<u8>) {
        let (line, left_out) = (std::mem::take(&mut self.line), std::mem::take(&mut self.left_out));
        if std::mem::take(&mut self.passing) || line.is_empty() && left_out == 0 {
            return;
        }
        if left_out > 0 {
            let bytes = line.len() + left_out;
            shown.extend_from_slice(format!("(a line of {bytes} bytes; logs --raw has it)\n").as_bytes());
            return;
        }
        match event::read(&line) {
            None => shown.extend_from_slice(&line),
            Some(events) => events.into_iter().filter_map(|event| self.told(event)).for_each(|text| {
                shown.extend_from_slice(text.trim_end().as_bytes());
                shown.push(b'\n');
            }),
        }
    }

    fn told(&mut self, event: Event) -> Option<String> {
        match event {
            Event::Said(text) | Event::Noted(text) => (!text.trim().is_empty()).then_some(text),
            // A tool that asks is told of as every other one is.
            Event::Asked { tool, .. } if self.running.contains_key(&tool) => None,
            Event::Asked { what: Waits::Answer(question), .. } => Some(format!("? {question}")),
            Event::Asked { what: Waits::Permission(what), .. } => Some(format!("? may it use {what}")),
            Event::Asked { .. } | Event::TurnBegan | Event::TurnEnded | Event::Answered(_) | Event::Beside { .. } => {
                None
            }
            Event::Began { id, tool, what } => {
                if self.running.len() < MOST_RUNNING {
                    self.running.insert(id, (tool.clone(), Instant::now()));
                }
                Some(format!("→ {}", event::told(&tool, &what)))
            }
            Event::Ended { id, failure } => {
                let (tool, time) = match self.running.remove(&id) {
                    Some((tool, begun)) => (tool, self.live.then(|| begun.elapsed())),
                    None => ("tool".to_owned(), None),
                };
                match (failure, time) {
                    (None, None) => None,
                    (None, Some(time)) => Some(format!("← {tool} took {}", seconds(time))),
                    (Some(why), None) => Some(format!("← {tool} failed: {why}")),
                    (Some(why), Some(time)) => Some(format!("← {tool} failed after {}: {why}", seconds(time))),
                }
            }
        }
    }
}

fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        all => format!("{} min {} s", all / 60, all % 60),
    }
}

#[cfg(test)]
mod tests;
