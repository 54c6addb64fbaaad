//! What a screen and its windows say to each other: a letter, a length of four bytes, and so many bytes.

use std::io;

/// How large a terminal is, in letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub rows: u16,
    pub columns: u16,
}

impl Size {
    /// Of a terminal that nobody looks at.
    pub const USUAL: Self = Self { rows: 24, columns: 80 };

    fn bytes(self) -> [u8; 4] {
        let ([a, b], [c, d]) = (self.rows.to_be_bytes(), self.columns.to_be_bytes());
        [a, b, c, d]
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, d] = *bytes else { return None };
        let size = Self { rows: u16::from_be_bytes([a, b]), columns: u16::from_be_bytes([c, d]) };
        (size.rows > 0 && size.columns > 0).then_some(size)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// From a window: how large it is. The first one asks for what has been shown.
    Size(Size),
    /// From whoever wants to know what has been shown, and opens no window.
    Ask,
    /// From a window: what was typed.
    Input(Vec<u8>),
    /// To a window, once: the last of what was shown, in a terminal of this size.
    History(Size, Vec<u8>),
    /// To all windows: what is shown.
    Output(Vec<u8>),
    /// From the run, and to all windows: its agent runs, and this is its name.
    Runs(String),
    /// To all windows, at last: the exit code of what had the terminal.
    Ended(u8),
}

/// No frame is longer. Bytes.
const LONGEST: usize = 2 << 20;
const HEAD: usize = 5;

impl Frame {
    pub fn encode(&self) -> Vec<u8> {
        let (kind, body) = match self {
            Frame::Size(size) => (b's', size.bytes().to_vec()),
            Frame::Ask => (b'a', Vec::new()),
            Frame::Input(bytes) => (b'i', bytes.clone()),
            Frame::History(size, bytes) => (b'h', [&size.bytes()[..], bytes].concat()),
            Frame::Output(bytes) => (b'o', bytes.clone()),
            Frame::Runs(name) => (b'r', name.as_bytes().to_vec()),
            Frame::Ended(code) => (b'e', vec![*code]),
        };
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        [&[kind], &length[..], &body].concat()
    }

    fn parse(kind: u8, body: &[u8]) -> Option<Self> {
        Some(match kind {
            b's' => Frame::Size(Size::parse(body)?),
            b'a' => Frame::Ask,
            b'i' => Frame::Input(body.to_vec()),
            b'h' => Frame::History(Size::parse(body.get(..4)?)?, body.get(4..)?.to_vec()),
            b'o' => Frame::Output(body.to_vec()),
            b'r' => Frame::Runs(String::from_utf8(body.to_vec()).ok()?),
            b'e' => Frame::Ended(*body.first()?),
            _ => return None,
        })
    }
}

/// Bytes that arrive in pieces, as frames.
#[derive(Debug, Default)]
pub struct Decoder(Vec<u8>);

impl Decoder {
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole frame. Fails where the other side speaks otherwise.
    pub fn next(&mut self) -> io::Result<Option<Frame>> {
        let [kind, a, b, c, d, ..] = *self.0.as_slice() else { return Ok(None) };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "this is not how a screen speaks");
        if length > LONGEST {
            return Err(wrong());
        }
        let Some(body) = self.0.get(HEAD..HEAD + length) else { return Ok(None) };
        let frame = Frame::parse(kind, body).ok_or_else(wrong)?;
        self.0.drain(..HEAD + length);
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_back_however_they_arrive() {
        let size = Size { rows: 40, columns: 150 };
        let frames = [
            Frame::Size(size),
            Frame::Ask,
            Frame::Input(b"\x1b[A".to_vec()),
            Frame::History(size, b"shown".to_vec()),
            Frame::Output(Vec::new()),
            Frame::Runs("job".to_owned()),
            Frame::Ended(7),
        ];
        let mut decoder = Decoder::default();
        let mut found = Vec::new();
        for byte in frames.iter().flat_map(Frame::encode) {
            decoder.push(&[byte]);
            found.extend(decoder.next().unwrap());
        }
        assert_eq!(found, frames);
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for bytes in [
            &b"x\0\0\0\0"[..],
            b"i\xff\0\0\0",
            b"s\0\0\0\x01a",
            b"s\0\0\0\x04\0\0\0\x50",
            b"r\0\0\0\x01\xff",
            b"e\0\0\0\0",
        ] {
            let mut decoder = Decoder::default();
            decoder.push(bytes);
            assert!(decoder.next().is_err(), "{bytes:?}");
        }
    }
}
