//! What a run printed, with the time before each line.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::run::watch::times::Times;

pub struct Stamps {
    times: Times,
    /// Where in the log the next bytes are.
    offset: u64,
    /// The last line that was shown has no end yet.
    in_line: bool,
}

impl Stamps {
    pub fn new(times: Times) -> Self {
        Self { times, offset: 0, in_line: false }
    }

    /// The next bytes are there.
    pub fn goes_to(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// The next bytes of the log in pieces, each of one moment. What is not in the list yet is printed now.
    pub fn pieces<'a>(&mut self, mut block: &'a [u8]) -> io::Result<Vec<(&'a [u8], DateTime<Utc>)>> {
        let mut pieces = Vec::new();
        while !block.is_empty() {
            let (time, end) = self.times.at(self.offset)?.unwrap_or_else(|| (crate::env::now(), u64::MAX));
            let length = usize::try_from(end - self.offset).map_or(block.len(), |length| length.min(block.len()));
            let (piece, rest) = block.split_at(length);
            pieces.push((piece, time));
            self.offset += length as u64;
            block = rest;
        }
        Ok(pieces)
    }

    /// Puts the time before each line that begins here.
    pub fn stamp(&mut self, shown: &[u8], time: DateTime<Utc>) -> Vec<u8> {
        let time = format!("{} ", time.to_rfc3339_opts(SecondsFormat::Millis, true));
        let mut stamped = Vec::new();
        for line in shown.split_inclusive(|byte| *byte == b'\n') {
            if !self.in_line {
                stamped.extend_from_slice(time.as_bytes());
            }
            stamped.extend_from_slice(line);
            self.in_line = line.last() != Some(&b'\n');
        }
        stamped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_the_time_at_which_it_began() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "1000 6\n2000 12\n").unwrap();
        let mut stamps = Stamps::new(Times::read(file.path()).unwrap().unwrap());
        let mut shown = Vec::new();
        for (piece, time) in stamps.pieces(b"one\ntwo\nthr\n").unwrap() {
            shown.extend(stamps.stamp(piece, time));
        }
        let first = "1970-01-01T00:00:01.000Z";
        let expected = format!("{first} one\n{first} two\n1970-01-01T00:00:02.000Z thr\n");
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }
}
