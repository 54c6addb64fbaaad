//! A pair of a terminal and the side from which it is seen.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcgetwinsize, tcsetwinsize};

use crate::screen::frame::Size;

/// Opens a pair: the side of whoever looks, which never blocks, and the terminal.
pub fn open(size: Size) -> io::Result<(OwnedFd, OwnedFd)> {
    let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&outside)?;
    unlockpt(&outside)?;
    let terminal = ioctl_tiocgptpeer(&outside, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    fcntl_setfl(&outside, fcntl_getfl(&outside)? | OFlags::NONBLOCK)?;
    resize(&outside, size)?;
    Ok((outside, terminal))
}

/// Tells the terminal how large it is, and whoever has it that it has changed.
pub fn resize(terminal: &impl AsFd, size: Size) -> io::Result<()> {
    let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(tcsetwinsize(terminal, size)?)
}

/// How large a terminal is; `None` where it does not say.
pub fn size(terminal: &impl AsFd) -> Option<Size> {
    let found = tcgetwinsize(terminal).ok().filter(|found| found.ws_row > 0 && found.ws_col > 0)?;
    Some(Size { rows: found.ws_row, columns: found.ws_col })
}
