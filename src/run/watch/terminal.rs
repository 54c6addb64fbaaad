//! The user's terminal, which `ctr` sets to raw and which has to be as it was whatever became of `ctr`. What an agent did to
//! it last could make all that `bn` says afterwards unseen.

use std::io;

use crate::output::Output;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Ends what an agent began to say to the terminal, and takes back what would hide, garble or answer what comes next: the order that
/// was cut off; letters without colour or of the background's; held back drawing, the second screen; reports of mouse and focus.
/// Nothing is cleared, and the cursor stays: the text on the screen can still be read.
const RESET: &str = concat!(
    "\x18\x1b\\",
    "\x1b[?2026l\x1b[?47l",
    "\x1b[!p\x1b[0m\x1b(B\x0f\x1b[4l\x1b[?5l\x1b[?7h\x1b[?25h",
    "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\",
    "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?2004l\x1b[?1l\x1b>",
);

/// A line of its own for what comes next: nobody knows in which column the agent stopped.
const NEW_LINE: &str = "\r\n";

/// How the terminal was.
#[derive(Debug)]
pub struct Terminal(Option<Termios>);

impl Terminal {
    /// Remembers it. Where standard input is no terminal there is nothing to remember.
    pub fn save() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }

    /// Resets the terminal after an agent, so that what `bn` prints next can be read.
    pub fn take_back(&self, output: Output) {
        self.restore();
        // A terminal that is gone is no reason not to keep the work.
        output.write([RESET, NEW_LINE].concat().as_bytes()).unwrap_or_else(|error| output.note(error));
    }

    /// Puts it back. A terminal that is gone needs nothing any more.
    fn restore(&self) {
        if let Some(termios) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, termios);
        }
    }
}

/// Whatever happened in between.
impl Drop for Terminal {
    fn drop(&mut self) {
        self.restore();
    }
}
