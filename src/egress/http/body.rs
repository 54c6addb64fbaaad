//! Where a message body ends. The bytes themselves pass through as they are.

use crate::egress::model::tally::Reading;
use crate::egress::origin::commands::Commands;

/// A chunk's size, extensions included, and a trailer's length are bounded.
const LINE_MAX: usize = 8 * 1024;
const TRAILERS_MAX: usize = 16 * 1024;

/// How a head says that its body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    None,
    Length(u64),
    Chunked,
    UntilClose,
}

/// Why a body goes no further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the chunked body is malformed")]
    Malformed,
    #[error("{0}")]
    Refused(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Complete,
    UntilClose,
    Length(u64),
    /// In a chunk's size: its value so far and the digits seen.
    Size(u64, u8),
    /// Behind the size, before its line feed; whether a carriage return was the last byte.
    Extension(u64, bool),
    Data(u64),
    DataEnd(bool),
    /// A line of the trailer: its length so far, and whether a carriage return was the last byte.
    Trailer(usize, bool),
}

/// A body on its way.
#[derive(Debug)]
pub struct Body<'a> {
    state: State,
    /// Bytes of the current size line, or of all trailers.
    line: usize,
    /// Who is shown what it says.
    reading: Option<&'a Reading>,
    /// Who says whether what it says may pass.
    commands: Option<Commands<'a>>,
}

impl<'a> Body<'a> {
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Complete,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size(0, 0),
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, line: 0, reading: None, commands: None }
    }

    /// The same, read as it passes.
    pub fn read_by(self, reading: Option<&'a Reading>) -> Self {
        Self { reading, ..self }
    }

    /// The same, and none of it passes before it is judged.
    pub fn judged_by(self, commands: Option<Commands<'a>>) -> Self {
        Self { commands, ..self }
    }

    pub fn until_close() -> Self {
        Self::new(Framing::UntilClose)
    }

    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    /// Whether an end of the stream is the end of the body.
    pub fn may_end_here(&self) -> bool {
        matches!(self.state, State::Complete | State::UntilClose)
    }

    /// How many of these bytes belong to the body; fewer than all only where it is complete.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Unfit> {
        let mut taken = 0;
        while taken < bytes.len() && !self.is_complete() {
            let is_content = matches!(self.state, State::UntilClose | State::Length(_) | State::Data(_));
            let count = self.advance(&bytes[taken..])?;
            if let (true, Some(reading)) = (is_content, self.reading) {
                reading.see(&bytes[taken..taken + count]);
            }
            if let (true, Some(commands)) = (is_content, &mut self.commands) {
                commands.see(&bytes[taken..taken + count]).map_err(Unfit::Refused)?;
            }
            taken += count;
        }
        Ok(taken)
    }

    fn advance(&mut self, bytes: &[u8]) -> Result<usize, Unfit> {
        let most = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        match self.state {
            State::UntilClose => Ok(bytes.len()),
            State::Complete => Ok(0),
            State::Length(left) => {
                let count = most(left);
                let left = left - count as u64;
                self.state = if left == 0 { State::Complete } else { State::Length(left) };
                Ok(count)
            }
            State::Data(left) => {
                let count = most(left);
                let left = left - count as u64;
                self.state = if left == 0 { State::DataEnd(false) } else { State::Data(left) };
                Ok(count)
            }
            _ => self.punctuation(bytes[0]).map(|()| 1),
        }
    }

    /// The bytes around the chunks, one by one. Only CR LF ends a line: who takes less can be fooled about where a message ends.
    fn punctuation(&mut self, byte: u8) -> Result<(), Unfit> {
        self.line += 1;
        if self.line > if matches!(self.state, State::Trailer(..)) { TRAILERS_MAX } else { LINE_MAX } {
            return Err(Unfit::Malformed);
        }
        self.state = match (self.state, byte) {
            (State::Size(size, digits), _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).ok_or(Unfit::Malformed)?;
                State::Size(size.checked_mul(16).ok_or(Unfit::Malformed)? + u64::from(digit), digits.saturating_add(1))
            }
            (State::Size(size, 1..), b'\r') => State::Extension(size, true),
            (State::Size(size, 1..), b';' | b' ' | b'\t') => State::Extension(size, false),
            (State::Extension(size, true), b'\n') => {
                self.line = 0;
                if size == 0 { State::Trailer(0, false) } else { State::Data(size) }
            }
            (State::Extension(size, false), b'\r') => State::Extension(size, true),
            (State::Extension(size, false), 1..) if byte != b'\n' => State::Extension(size, false),
            (State::DataEnd(false), b'\r') => State::DataEnd(true),
            (State::DataEnd(true), b'\n') => {
                self.line = 0;
                State::Size(0, 0)
            }
            (State::Trailer(0, true), b'\n') => State::Complete,
            (State::Trailer(_, true), b'\n') => State::Trailer(0, false),
            (State::Trailer(length, false), b'\r') => State::Trailer(length, true),
            (State::Trailer(length, false), 1..) if byte != b'\n' => State::Trailer(length + 1, false),
            _ => return Err(Unfit::Malformed),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take(framing: Framing, bytes: &[u8]) -> (Result<usize, Unfit>, bool) {
        let mut body = Body::new(framing);
        (body.take(bytes), body.is_complete())
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        assert_eq!(take(Framing::None, b"next"), (Ok(0), true));
        assert_eq!(take(Framing::Length(3), b"abcnext"), (Ok(3), true));
        assert_eq!(take(Framing::Length(3), b"ab"), (Ok(2), false));
        assert_eq!(take(Framing::UntilClose, b"ab"), (Ok(2), false));
        for chunked in
            ["5\r\nhello\r\n0\r\n\r\n", "005;a=b\r\nhello\r\n0\r\nX: y\r\nZ: z\r\n\r\n", "2\r\n\r\n\r\n0\r\n\r\n"]
        {
            let bytes = format!("{chunked}GET");
            assert_eq!(take(Framing::Chunked, bytes.as_bytes()), (Ok(chunked.len()), true), "{chunked:?}");
        }
    }

    #[test]
    fn odd_chunks_are_refused() {
        for bad in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "5\nhello",
            "1\r\nab",
            "1\r\na\n",
            "10000000000000000\r\n",
            "5 \0\r\n",
            "0\r\nX: y\n\r\n",
            "0x5\r\n",
        ] {
            assert_eq!(take(Framing::Chunked, bad.as_bytes()).0, Err(Unfit::Malformed), "{bad:?}");
        }
        assert!(take(Framing::Chunked, &[b"1;".as_slice(), &[b'a'; 9000]].concat()).0.is_err());
        assert!(take(Framing::Chunked, &[b"0\r\n".as_slice(), &b"a: b\r\n".repeat(4000)].concat()).0.is_err());
    }

    proptest! {
        #[test]
        fn the_end_is_found_however_the_bytes_arrive(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..5), cut in 1_usize..7) {
            let mut bytes = Vec::new();
            for chunk in &chunks {
                bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
            let mut body = Body::new(Framing::Chunked);
            for piece in bytes.chunks(cut) {
                prop_assert!(!body.is_complete());
                prop_assert_eq!(body.take(piece), Ok(piece.len()));
            }
            prop_assert!(body.is_complete());
        }
    }
}
