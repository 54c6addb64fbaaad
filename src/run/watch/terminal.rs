//! The user's terminal, which `ctr` sets to raw and which has to be as it was whatever became of `ctr`. What an agent did to
//! it last could make all that `bn` says afterwards unseen.

use std::io;

use crate::output::Output;
use rustix::termios::{LocalModes, OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr};

/// Ends what an agent began to say to the terminal, and takes back what would hide, garble or answer what comes next: the order that
/// was cut off; letters without colour or of the background's; held back drawing, the second screen; reports of mouse, focus and colours;
/// keys that are sent as numbers, which a shell would take for text (kitty's way, then xterm's). Each screen has its own of kitty's, so that comes
/// after leaving the second one. Nothing is cleared, and the cursor stays: the text on the screen can still be read.
const RESET: &str = concat!(
    "\x18\x1b\\",
    "\x1b[?2026l\x1b[?47l",
    "\x1b[!p\x1b[0m\x1b(B\x0f\x1b[4l\x1b[?5l\x1b[?7h\x1b[?25h",
    "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\",
    "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?2004l\x1b[?2031l\x1b[?1l\x1b>",
    "\x1b[=0;1u\x1b[>4m",
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

    /// Shows what is written in a container as it was written there. `ctr` and `runc`, which set this terminal to raw, leave it to put the cursor
    /// at the beginning of each new line. That is wrong for a program which has set its own terminal to raw, too: editors move down by a line's end.
    ///
    /// `false` where the terminal is not raw yet.
    pub fn show_as_written(&self) -> bool {
        // A terminal that is gone shows nothing.
        let Ok(mut raw) = tcgetattr(io::stdin()) else { return true };
        if raw.local_modes.contains(LocalModes::ICANON) {
            return false;
        }
        raw.output_modes.remove(OutputModes::OPOST);
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &raw);
        true
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
