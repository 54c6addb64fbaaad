//! Keys as a terminal sends them in raw mode: letters, and ECMA-48's sequences for the others.
//!
//! crossterm reads them too, but forgets a key that comes together with a new size, and never returns from a terminal that has gone.

use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::run::watch::signals::Signals;

/// How long keys, signals and news wait at most.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Letter(char),
    Control(char),
    Up,
    Down,
    Home,
    End,
    Enter,
    Escape,
}

/// Waits a little for keys. `None` once the terminal has gone.
pub fn pressed(signals: &Signals) -> io::Result<Option<Vec<Key>>> {
    let stdin = io::stdin();
    let awaited = [stdin.as_fd(), signals.wake_fd()];
    let mut awaited = awaited.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    match poll(&mut awaited, Some(&LOOK)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    signals.drain();
    let found = awaited[0].revents();
    if found.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return Ok(None);
    }
    if !found.contains(PollFlags::IN) {
        return Ok(Some(Vec::new()));
    }
    let mut bytes = [0; 256];
    match rustix::io::read(stdin.as_fd(), &mut bytes) {
        Ok(0) | Err(Errno::IO) => Ok(None),
        Ok(count) => Ok(Some(parse(&bytes[..count]))),
        Err(Errno::INTR) => Ok(Some(Vec::new())),
        Err(error) => Err(error.into()),
    }
}

fn parse(mut bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    while let Some((key, rest)) = first(bytes) {
        keys.extend(key);
        bytes = rest;
    }
    keys
}

/// The first key, if it is one of those that mean something here, and what is left.
fn first(bytes: &[u8]) -> Option<(Option<Key>, &[u8])> {
    let (byte, rest) = bytes.split_first()?;
    Some(match (byte, rest) {
        (0x1b, [b'[' | b'O', sequence @ ..]) => {
            let end = sequence.iter().position(|byte| (0x40..=0x7e).contains(byte)).unwrap_or(sequence.len());
            let (sequence, rest) = sequence.split_at(sequence.len().min(end + 1));
            (named(sequence), rest)
        }
        (0x1b, _) => (Some(Key::Escape), rest),
        (b'\r' | b'\n', _) => (Some(Key::Enter), rest),
        (1..=26, _) => (Some(Key::Control(char::from(byte + b'a' - 1))), rest),
        _ => (byte.is_ascii_graphic().then(|| Key::Letter(char::from(*byte))), rest),
    })
}

fn named(sequence: &[u8]) -> Option<Key> {
    match sequence {
        b"A" => Some(Key::Up),
        b"B" => Some(Key::Down),
        b"H" | b"1~" | b"7~" => Some(Key::Home),
        b"F" | b"4~" | b"8~" => Some(Key::End),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_however_many_come_at_once() {
        let keys = [Key::Letter('j'), Key::Down, Key::Control('c'), Key::Enter, Key::End, Key::Up, Key::Escape];
        assert_eq!(parse(b"j\x1b[B\x03\r\x1b[4~\x1bOA\x1b"), keys);
        // A mouse, a key with a modifier, a letter that is no ASCII: nothing that means something here.
        assert_eq!(parse("\x1b[<0;1;1M\x1b[1;5Cé\x7fq".as_bytes()), [Key::Letter('q')]);
        assert_eq!(parse(b"\x1b["), []);
    }
}
