//! A window on a run's screen: this terminal shows it, and what is typed here goes there.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::commands::container::picture::{Form, SECOND_SCREEN, picture};
use crate::egress::local_socket;
use crate::output::Output;
use crate::process::Runner;
use crate::run::watch::signals::Signals;
use crate::run::watch::terminal::Terminal;
use crate::screen::detach_keys::Typed;
use crate::screen::frame::{Decoder, Frame, Size};
use crate::screen::{history, pty};

/// How often the terminal is asked how large it is.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
const CHUNK: usize = 64 << 10;
/// Leaves the second screen, as xterm has it.
const FIRST_SCREEN: &[u8] = b"\x1b[?1049l";
/// Ctrl-C, as a terminal in raw mode sends it.
const INTERRUPT: u8 = 3;

/// Why a window was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// By its keys.
    Left,
    /// The terminal has gone, or somebody ended this process.
    HungUp,
    /// The agent runs, and no more was to be seen.
    Runs(String),
    /// What had the terminal has ended, with this code.
    Ended(u8),
    /// The screen is gone, and did not say why.
    Lost,
}

/// A screen, seen from outside.
pub struct Window {
    socket: PathBuf,
    stream: UnixStream,
    said: Decoder,
    /// The name of the run, once its agent runs.
    pub runs: Option<String>,
    /// What was shown, where there is no terminal to show it in.
    pub unseen: Vec<u8>,
}

/// How the screen is to be shown in this terminal.
pub struct Look<'a> {
    pub typed: Typed,
    /// What is typed does not reach the agent; Ctrl-C closes the window, too.
    pub only_looks: bool,
    /// The window closes once the agent runs.
    pub until_it_runs: bool,
    pub signals: &'a Signals,
    pub runner: &'a Runner,
    pub output: Output,
}

impl Window {
    pub fn open(socket: &Path) -> io::Result<Self> {
        let stream = local_socket::connect(socket)?;
        Ok(Self { socket: socket.to_owned(), stream, said: Decoder::default(), runs: None, unseen: Vec::new() })
    }

    /// Shows the screen in this terminal, which is as before afterwards.
    pub fn show(&mut self, mut look: Look) -> io::Result<Closed> {
        let terminal = Terminal::save();
        if let Ok(mut raw) = tcgetattr(io::stdin()) {
            raw.make_raw();
            tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        }
        let closed = self.pass(&mut look);
        match closed {
            // Whoever had the terminal has put it in order.
            Ok(Closed::Ended(_)) => drop(terminal),
            _ => {
                if matches!(closed, Ok(Closed::Left)) && self.is_second_screen(&look) {
                    // Where the cursor was before comes back with the first one.
                    look.output.write(FIRST_SCREEN)?;
                }
                terminal.take_back(look.output);
            }
        }
        closed
    }

    /// Whether what has the terminal has taken its second screen. One that cannot be asked any more has none.
    fn is_second_screen(&self, look: &Look) -> bool {
        let shown = local_socket::connect(&self.socket).and_then(history);
        shown.is_ok_and(|(size, shown)| picture(size, &shown, Form::Painted, look.runner).starts_with(SECOND_SCREEN))
    }

    fn pass(&mut self, look: &mut Look) -> io::Result<Closed> {
        let mut told = None;
        loop {
            let size = pty::size(&io::stdout()).unwrap_or(Size::USUAL);
            if told.replace(size) != Some(size) {
                self.stream.write_all(&Frame::Size(size).encode())?;
            }
            let (keys, frames) = self.wait(look.signals)?;
            if look.signals.terminated() {
                return Ok(Closed::HungUp);
            }
            if keys && let Some(closed) = self.pass_keys(look)? {
                return Ok(closed);
            }
            if frames && let Some(closed) = self.hear(|frame| look.take(frame))? {
                return Ok(closed);
            }
        }
    }

    /// Whether keys were pressed, and whether the screen has something to say.
    fn wait(&self, signals: &Signals) -> io::Result<(bool, bool)> {
        let stdin = io::stdin();
        let fds = [stdin.as_fd(), self.stream.as_fd(), signals.wake_fd()];
        let mut fds = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        match poll(&mut fds, Some(&LOOK)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        signals.drain();
        Ok((!fds[0].revents().is_empty(), !fds[1].revents().is_empty()))
    }

    fn pass_keys(&mut self, look: &mut Look) -> io::Result<Option<Closed>> {
        let mut bytes = [0; 4096];
        let count = match rustix::io::read(io::stdin(), &mut bytes) {
            Ok(0) | Err(Errno::IO) => return Ok(Some(Closed::HungUp)),
            Err(Errno::INTR | Errno::AGAIN) => return Ok(None),
            Err(error) => return Err(error.into()),
            Ok(count) => count,
        };
        let (passed, left) = look.keys(&bytes[..count]);
        if !passed.is_empty() {
            self.stream.write_all(&Frame::Input(passed).encode())?;
        }
        Ok(left.then_some(Closed::Left))
    }

    /// Hears what the screen says, where there is no terminal to show it in, until the agent runs or all has ended.
    pub fn until_it_runs(&mut self) -> io::Result<Closed> {
        self.stream.write_all(&Frame::Size(Size::USUAL).encode())?;
        let mut unseen = Vec::new();
        let closed = loop {
            let closed = self.hear(|frame| match frame {
                Frame::History(_, bytes) | Frame::Output(bytes) => {
                    unseen.extend(bytes);
                    Ok(None)
                }
                Frame::Runs(name) => Ok(Some(Closed::Runs(name))),
                Frame::Ended(code) => Ok(Some(Closed::Ended(code))),
                Frame::Size(_) | Frame::Ask | Frame::Input(_) => Ok(None),
            })?;
            if let Some(closed) = closed {
                break closed;
            }
        };
        self.unseen = unseen;
        Ok(closed)
    }

    fn hear(&mut self, mut take: impl FnMut(Frame) -> io::Result<Option<Closed>>) -> io::Result<Option<Closed>> {
        let mut bytes = [0; CHUNK];
        let count = self.stream.read(&mut bytes)?;
        self.said.push(&bytes[..count]);
        while let Some(frame) = self.said.next()? {
            if let Frame::Runs(name) = &frame {
                self.runs = Some(name.clone());
            }
            if let Some(closed) = take(frame)? {
                return Ok(Some(closed));
            }
        }
        Ok((count == 0).then_some(Closed::Lost))
    }
}

impl Look<'_> {
    fn keys(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let (passed, left) = self.typed.take(bytes);
        match self.only_looks {
            true => (Vec::new(), left || passed.contains(&INTERRUPT)),
            false => (passed, left),
        }
    }

    fn take(&self, frame: Frame) -> io::Result<Option<Closed>> {
        match frame {
            Frame::History(_, bytes) if bytes.is_empty() => {}
            Frame::History(size, bytes) => self.paint(&picture(size, &bytes, Form::Painted, self.runner))?,
            Frame::Output(bytes) => self.output.write(&bytes)?,
            Frame::Runs(name) if self.until_it_runs => return Ok(Some(Closed::Runs(name))),
            Frame::Runs(_) | Frame::Size(_) | Frame::Ask | Frame::Input(_) => {}
            Frame::Ended(code) => return Ok(Some(Closed::Ended(code))),
        }
        Ok(None)
    }

    /// What stands in this terminal is scrolled up first, where it would be painted over.
    fn paint(&self, picture: &[u8]) -> io::Result<()> {
        if !picture.starts_with(SECOND_SCREEN) {
            let rows = pty::size(&io::stdout()).map_or(0, |size| usize::from(size.rows));
            self.output.write(&b"\r\n".repeat(rows))?;
        }
        self.output.write(picture)
    }
}
