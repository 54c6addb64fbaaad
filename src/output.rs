//! The only writer of standard output. A report is data with two renderings: JSON, and text for people.
//!
//! A terminal gets text from here, and nothing that it obeys, whoever wrote what is in the report.

pub mod interrupt;
pub mod paint;
mod passing;
pub mod progress;

use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

use crate::output::progress::{Shown, Step};
use crate::sanitize::{self, Sieve};

pub use passing::Passing;

/// What a command found out: plain data that also knows how people read it.
pub trait Report: Serialize + Display {}

impl<T: Serialize + Display> Report for T {}

/// Which of the two renderings the user asked for.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    /// Somebody else has the terminal, and has set it so that a line end alone does not lead to the first column.
    lent: bool,
    /// Nobody reads notes.
    silent: bool,
    /// Nobody wants to hear of work that goes on.
    quiet: bool,
    /// How whoever waits sees how far work is.
    shown: Shown,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json, lent: false, silent: false, quiet: false, shown: Shown::Not }
    }

    /// The same, of which nobody wants to hear how far its work is.
    pub fn quiet(self, quiet: bool) -> Self {
        Self { quiet, ..self }
    }

    pub fn is_quiet(self) -> bool {
        self.quiet
    }

    /// The same, for somebody who sees in this way how far work is.
    pub fn showing(self, shown: Shown) -> Self {
        Self { shown, ..self }
    }

    /// The same, without notes.
    pub fn without_notes(self) -> Self {
        Self { silent: true, ..self }
    }

    pub fn is_json(self) -> bool {
        self.json
    }

    /// The same, while an agent has the terminal: lines begin at the first column all the same.
    pub fn while_lent(self, lent: bool) -> Self {
        Self { lent, ..self }
    }

    /// Prints one report. A reader that went away (`bn list | head -1`) is no error.
    pub fn print(self, report: &impl Report) -> io::Result<()> {
        let text = if self.json {
            let mut line = sanitize::json(&serde_json::to_string(report)?).into_owned();
            line.push('\n');
            line
        } else {
            sanitize::lines(&report.to_string()).into_owned()
        };
        self.write(text.as_bytes())
    }

    /// A way on for what an agent prints, to a terminal or to somewhere else.
    pub fn of_stranger(self, to_terminal: bool) -> Stranger {
        Stranger { output: self, sieve: to_terminal.then(Sieve::default), in_line: false }
    }

    /// Prints text that is no report.
    pub fn text(self, text: &str) -> io::Result<()> {
        self.write(sanitize::lines(text).as_bytes())
    }

    /// Passes bytes on as they are.
    pub fn write(self, bytes: &[u8]) -> io::Result<()> {
        let line = progress::aside();
        line.printed(bytes, &io::stdout());
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Whether whoever read standard output has gone.
    pub fn is_unread(self) -> bool {
        let stdout = io::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let asked = poll(&mut fds, Some(&Timespec::default()));
        asked.is_ok() && fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL)
    }

    /// A line for the person who watches, on standard error. A lost terminal is no reason to stop.
    pub fn note(self, text: impl Display) {
        if self.silent {
            return;
        }
        let text = text.to_string();
        let lines = sanitize::lines(&text);
        let line = progress::aside();
        line.printed(b"\n", &io::stderr());
        drop(match self.lent {
            true => write!(io::stderr().lock(), "\r{}\r\n", lines.replace('\n', "\r\n")),
            false => writeln!(io::stderr().lock(), "{lines}"),
        });
    }
}

/// How far work is.
impl Output {
    /// A note that says what is being done.
    pub fn doing(self, text: impl Display) {
        if !self.quiet {
            self.note(text);
        }
    }

    /// Shows this step to whoever waits, for as long as the value lives: at a terminal if it takes longer than a moment, and elsewhere
    /// if it takes long.
    pub fn step(self, text: impl Display) -> Step {
        match !self.quiet && !self.silent && !self.lent {
            true => Step::begin(&text, self.shown),
            false => Step::unseen(),
        }
    }

    /// A way to standard error for what a program prints while it is a step. `hear` may make another text for the step of a line.
    pub fn passing<'a>(self, step: &'a Step, hear: fn(&str) -> Option<String>) -> Passing<'a> {
        Passing::new(self.quiet, step, hear)
    }
}

/// What an agent prints: as it is to a file or a pipe, and without what a terminal would obey to one.
pub struct Stranger {
    output: Output,
    sieve: Option<Sieve>,
    /// The last line has no end yet.
    in_line: bool,
}

impl Stranger {
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.in_line = bytes.last().map_or(self.in_line, |last| *last != b'\n');
        match &mut self.sieve {
            Some(sieve) => self.output.write(&sieve.sift(bytes)),
            None => self.output.write(bytes),
        }
    }

    /// Ends the last line where notes follow in the same place. Elsewhere the bytes stay as the agent printed them.
    pub fn end(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.in_line) && are_one(&io::stdout(), &io::stderr()) {
            true => self.output.write(b"\n"),
            false => Ok(()),
        }
    }
}

/// Whether both lead to the same terminal, pipe or file.
fn are_one(one: &impl AsFd, other: &impl AsFd) -> bool {
    let identity = |fd: BorrowedFd| rustix::fs::fstat(fd).ok().map(|found| (found.st_dev, found.st_ino));
    let one = identity(one.as_fd());
    one.is_some() && one == identity(other.as_fd())
}
