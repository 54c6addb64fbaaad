//! A terminal that outlives the windows in which it is seen: a run has it, and windows come and go.
//!
//! A process of its own (`host.rs`) has the terminal, and serves windows on a socket. It reads nothing into what passes through: how the
//! screen looks is worked out by whoever opens a window, from the last of what was shown.

pub mod detach_keys;
pub mod frame;
pub mod host;
pub mod pty;

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use crate::env::Env;
use crate::screen::frame::{Decoder, Frame, Size};

/// Where the sockets of screens are. A folder of the user's alone, of which no container sees anything.
pub fn folder(env: &Env) -> Option<PathBuf> {
    let runtime = env.runtime_dir.as_ref().map(|folder| folder.join("binnacle"));
    let folder = runtime.or_else(|| env.state_home.as_ref().map(|folder| folder.join("binnacle")));
    // No run can have this name.
    folder.map(|folder| folder.join(".screens"))
}

/// Asks a screen for the last of what it has shown.
pub fn history(mut screen: UnixStream) -> io::Result<(Size, Vec<u8>)> {
    screen.write_all(&Frame::Ask.encode())?;
    read_history(screen)
}

/// Reads what `Frame::History` wrote.
pub fn read_history(mut from: impl Read) -> io::Result<(Size, Vec<u8>)> {
    let mut said = Decoder::default();
    let mut bytes = [0; 64 << 10];
    loop {
        match said.next()? {
            Some(Frame::History(size, shown)) => return Ok((size, shown)),
            Some(_) => {}
            None => match from.read(&mut bytes)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => said.push(&bytes[..count]),
            },
        }
    }
}
