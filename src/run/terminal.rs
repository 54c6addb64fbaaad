//! The user's terminal, which `ctr` sets to raw and which has to be as it was whatever became of `ctr`.

use std::io;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

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
