//! The process that has the terminal, and shows it in windows.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, CWD, Timestamps, UTIME_NOW, utimensat};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::process::exit_code;
use crate::screen::frame::{Decoder, Frame, Size};
use crate::screen::pty;

/// So much of what was shown is kept, for windows that are opened later. Bytes.
const HISTORY: usize = 1 << 20;
/// So much waits for a window that does not read, or for a program that does not. Bytes.
const WAITING_MAX: usize = 4 << 20;
const CHUNK: usize = 64 << 10;
/// How long windows may take for the last of it.
const FAREWELL: Duration = Duration::from_secs(2);

struct Window {
    stream: UnixStream,
    said: Decoder,
    /// It has told its size, and gets what is shown.
    looks: bool,
    waiting: VecDeque<u8>,
    gone: bool,
}

/// A terminal, and the windows in which it is seen.
pub struct Host {
    listener: UnixListener,
    /// The listener's file, which is as old as what was shown last.
    socket: PathBuf,
    outside: OwnedFd,
    /// Held, so that there is a terminal as long as there is a host of it.
    _terminal: OwnedFd,
    size: Size,
    history: VecDeque<u8>,
    windows: Vec<Window>,
    input: VecDeque<u8>,
    /// The name of the run, once its agent runs.
    runs: Option<String>,
}

impl Host {
    pub fn new(
        (listener, socket): (UnixListener, PathBuf),
        (outside, terminal): (OwnedFd, OwnedFd),
        size: Size,
    ) -> Self {
        Self {
            listener,
            socket,
            outside,
            _terminal: terminal,
            size,
            history: VecDeque::new(),
            windows: Vec::new(),
            input: VecDeque::new(),
            runs: None,
        }
    }

    /// Shows the terminal until the program that has it has ended. Returns its exit code.
    pub fn serve(&mut self, child: &mut Child) -> io::Result<u8> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let ended = pidfd_open(pid.ok_or_else(|| io::Error::from(Errno::SRCH))?, PidfdFlags::empty())?;
        while !self.turn(Some(ended.as_fd()), -1)? {}
        let code = exit_code(child.wait()?);
        self.read_terminal()?;
        self.tell(&Frame::Ended(code));
        let deadline = Instant::now() + FAREWELL;
        while self.windows.iter().any(|window| !window.waiting.is_empty()) && Instant::now() < deadline {
            self.turn(None, 50)?;
        }
        Ok(code)
    }

    /// Waits for one thing to happen, and does what follows. True once the program has ended.
    fn turn(&mut self, ended: Option<BorrowedFd>, milliseconds: i64) -> io::Result<bool> {
        let ready = self.wait(ended, milliseconds)?;
        if ready.caller {
            self.welcome();
        }
        if ready.terminal {
            self.read_terminal()?;
        }
        for (at, readable) in ready.windows.iter().enumerate() {
            if *readable {
                self.hear(at);
            }
        }
        self.type_on()?;
        self.windows.iter_mut().for_each(Window::pass_on);
        self.windows.retain(|window| !window.gone);
        Ok(ready.ended)
    }

    fn wait(&self, ended: Option<BorrowedFd>, milliseconds: i64) -> io::Result<Ready> {
        let wanted = |waiting: bool| if waiting { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let terminal = PollFd::new(&self.outside, wanted(!self.input.is_empty()));
        let mut fds = vec![PollFd::new(&self.listener, PollFlags::IN), terminal];
        fds.extend(self.windows.iter().map(|window| PollFd::new(&window.stream, wanted(!window.waiting.is_empty()))));
        fds.extend(ended.map(|ended| PollFd::from_borrowed_fd(ended, PollFlags::IN)));
        let timeout =
            (milliseconds >= 0).then(|| Timespec { tv_sec: 0, tv_nsec: milliseconds.saturating_mul(1_000_000) });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let speaks = |fd: &PollFd| fd.revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR);
        let windows = fds[2..2 + self.windows.len()].iter().map(speaks).collect();
        let ended = ended.is_some() && fds.last().is_some_and(speaks);
        Ok(Ready { caller: speaks(&fds[0]), terminal: speaks(&fds[1]), windows, ended })
    }

    fn welcome(&mut self) {
        let Ok((stream, _)) = self.listener.accept() else { return };
        if stream.set_nonblocking(true).is_ok() {
            let said = Decoder::default();
            self.windows.push(Window { stream, said, looks: false, waiting: VecDeque::new(), gone: false });
        }
    }

    /// Takes what was shown since the last look.
    fn read_terminal(&mut self) -> io::Result<()> {
        let mut bytes = vec![0; CHUNK];
        loop {
            match rustix::io::read(&self.outside, &mut bytes) {
                // EIO: nobody has it any more.
                Ok(0) | Err(Errno::AGAIN | Errno::IO) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(count) => {
                    self.history.extend(&bytes[..count]);
                    let over = self.history.len().saturating_sub(HISTORY);
                    self.history.drain(..over);
                    self.tell(&Frame::Output(bytes[..count].to_vec()));
                    self.mark();
                }
            }
        }
    }

    /// Dates what was shown last, for whoever wants to know whether the agent still shows anything.
    fn mark(&self) {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        // A screen whose file somebody removed can still be seen in the windows that it has.
        let _ = utimensat(CWD, &self.socket, &times, AtFlags::SYMLINK_NOFOLLOW);
    }

    fn tell(&mut self, frame: &Frame) {
        let bytes = frame.encode();
        self.windows.iter_mut().filter(|window| window.looks).for_each(|window| window.send(&bytes));
    }

    /// Hears what a window, or the run itself, has to say.
    fn hear(&mut self, at: usize) {
        let Some(window) = self.windows.get_mut(at) else { return };
        let frames = window.frames();
        for frame in frames {
            match frame {
                Frame::Size(size) => self.look(at, size),
                Frame::Ask => self.show_history(at),
                Frame::Input(bytes) if self.input.len() + bytes.len() <= WAITING_MAX => self.input.extend(bytes),
                // Nobody reads what is typed.
                Frame::Input(_) => {}
                Frame::Runs(name) => {
                    self.tell(&Frame::Runs(name.clone()));
                    self.runs = Some(name);
                }
                Frame::History(..) | Frame::Output(_) | Frame::Ended(_) => self.windows[at].gone = true,
            }
        }
    }

    /// The window that was opened or resized last is the one that counts.
    fn look(&mut self, at: usize, size: Size) {
        if !std::mem::replace(&mut self.windows[at].looks, true) {
            self.show_history(at);
            if let Some(name) = &self.runs {
                let runs = Frame::Runs(name.clone()).encode();
                self.windows[at].send(&runs);
            }
        }
        if size != self.size && pty::resize(&self.outside, size).is_ok() {
            self.size = size;
        }
    }

    fn show_history(&mut self, at: usize) {
        let history = Frame::History(self.size, self.history.iter().copied().collect());
        self.windows[at].send(&history.encode());
    }

    fn type_on(&mut self) -> io::Result<()> {
        while !self.input.is_empty() {
            match rustix::io::write(&self.outside, self.input.as_slices().0) {
                Ok(count) => drop(self.input.drain(..count)),
                Err(Errno::AGAIN | Errno::IO) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

struct Ready {
    caller: bool,
    terminal: bool,
    windows: Vec<bool>,
    ended: bool,
}

impl Window {
    /// A window that does not read for long is closed: it is not to hold up the agent, nor to fill the memory.
    fn send(&mut self, bytes: &[u8]) {
        match self.waiting.len() + bytes.len() > WAITING_MAX {
            true => self.gone = true,
            false => self.waiting.extend(bytes),
        }
    }

    fn frames(&mut self) -> Vec<Frame> {
        let mut bytes = [0; CHUNK];
        match self.stream.read(&mut bytes) {
            Ok(0) => self.gone = true,
            Ok(count) => self.said.push(&bytes[..count]),
            Err(error) => self.gone |= !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
        let mut frames = Vec::new();
        loop {
            match self.said.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return frames,
                Err(_) => {
                    self.gone = true;
                    return frames;
                }
            }
        }
    }

    fn pass_on(&mut self) {
        while !self.waiting.is_empty() && !self.gone {
            match self.stream.write(self.waiting.as_slices().0) {
                Ok(count) => drop(self.waiting.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => self.gone = error.kind() != ErrorKind::Interrupted,
            }
        }
    }
}
