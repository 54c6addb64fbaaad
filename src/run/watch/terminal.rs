//! The user's terminal, which `ctr` sets to raw and which has to be as it was whatever became of `ctr`. What an agent did to
//! it last could make all that `bn` says afterwards unseen.

use std::io;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Ends what an agent began to say to the terminal, and takes back what would hide, garble or answer what comes next: the order that
/// was cut off; letters without colour or of the background's; held back drawing, the second screen; reports of mouse and focus.
/// Not the clearing of anything, nor a move of the cursor: what is there stays to be read.
pub const CALM: &str = concat!(
    "\x18\x1b\\",
    "\x1b[?2026l\x1b[?47l",
    "\x1b[!p\x1b[0m\x1b(B\x0f\x1b[4l\x1b[?5l\x1b[?7h\x1b[?25h",
    "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\",
    "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?2004l\x1b[?1l\x1b>",
);

/// How the terminal was.
pub struct Terminal(Option<Termios>);

impl Terminal {
    /// Remembers it. Where standard input is no terminal there is nothing to remember.
    pub fn save() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }

    /// Puts it back. A terminal that is gone needs nothing any more.
    pub fn restore(&self) {
        if let Some(termios) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, termios);
        }
    }
}
