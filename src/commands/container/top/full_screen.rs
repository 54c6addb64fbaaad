//! The terminal as a full screen, which is given back whatever happens: ratatui does so in a panic, too.

use std::io;

use ratatui::{DefaultTerminal, Frame};
use rustix::process::{Signal, getpid, kill_process};

pub struct FullScreen(DefaultTerminal);

impl FullScreen {
    pub fn enter() -> io::Result<Self> {
        ratatui::try_init().map(Self)
    }

    /// The terminal is the shell's again, or another program's.
    pub fn leave(&self) {
        // One that is gone needs nothing any more.
        drop(ratatui::try_restore());
    }

    pub fn enter_again(&mut self) -> io::Result<()> {
        self.0 = ratatui::try_init()?;
        self.0.clear()
    }

    pub fn draw(&mut self, drawing: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.0.draw(drawing).map(drop)
    }

    /// As Ctrl-Z does to any program, with the terminal given back meanwhile.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.leave();
        kill_process(getpid(), Signal::TSTP)?;
        self.enter_again()
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        self.leave();
    }
}
