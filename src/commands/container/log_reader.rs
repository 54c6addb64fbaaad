//! A run's log as it is shown: all of it as it is, or what people read of a stream.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::commands::container::log_stamps::Stamps;
use crate::transcript::Transcript;

const BLOCK: usize = 64 << 10;
/// So much is read before the last lines of it are looked for.
const MOST_BEFORE: usize = 1 << 20;

pub struct Reader {
    log: File,
    transcript: Option<Transcript>,
    stamps: Option<Stamps>,
    /// The last lines that were asked for, until they are handed over.
    before: Vec<u8>,
}

/// Which part of a log is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    /// What begins at this byte, with the line that it is in.
    pub from: u64,
    /// So many of the last lines there are.
    pub tail: Option<usize>,
}

impl Reader {
    pub fn of(mut log: File, transcript: Option<Transcript>, stamps: Option<Stamps>, part: Part) -> io::Result<Self> {
        let from = begin_of_line(&mut log, part.from)?;
        let mut reader = Self { log, transcript, stamps, before: Vec::new() };
        reader.seek(from)?;
        match (part.tail, &reader.transcript) {
            (None, _) => {}
            (Some(lines), None) => {
                seek_to_last_lines(&mut reader.log, lines)?;
                let last = reader.log.stream_position()?;
                reader.seek(last.max(from))?;
            }
            // A line of a stream is many lines to people, or none: what there is has to be read.
            (Some(lines), Some(_)) => {
                let mut last = Vec::new();
                reader.pass_on(&mut |shown| {
                    last.extend_from_slice(shown);
                    keep_last_lines(&mut last, lines, MOST_BEFORE);
                    Ok(())
                })?;
                // A last line without an end is one of them, and comes behind these.
                let begun = reader.transcript.as_ref().is_some_and(Transcript::holds_back);
                keep_last_lines(&mut last, lines.saturating_sub(usize::from(begun)), 0);
                reader.before = last;
            }
        }
        Ok(reader)
    }

    /// Hands over all that is there by now.
    pub fn pass_on(&mut self, to: &mut impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let before = std::mem::take(&mut self.before);
        if !before.is_empty() {
            to(&before)?;
        }
        let mut block = vec![0; BLOCK];
        loop {
            match (self.log.read(&mut block)?, &mut self.transcript) {
                (0, _) => return Ok(()),
                (count, transcript) => show(&block[..count], transcript.as_mut(), self.stamps.as_mut(), to)?,
            }
        }
    }

    fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.log.seek(SeekFrom::Start(offset))?;
        self.stamps.iter_mut().for_each(|stamps| stamps.goes_to(offset));
        Ok(())
    }

    /// What comes from now on is printed as it is read.
    pub fn goes_live(&mut self) {
        self.transcript.iter_mut().for_each(Transcript::goes_live);
    }

    /// Hands over what has no line end, where nothing follows.
    pub fn end(&mut self, to: &mut impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let Some(transcript) = &mut self.transcript else { return Ok(()) };
        let last = transcript.end();
        match &mut self.stamps {
            Some(stamps) if !last.is_empty() => to(&stamps.stamp(&last, crate::env::now())),
            _ => to(&last),
        }
    }
}

fn show(
    block: &[u8],
    mut transcript: Option<&mut Transcript>,
    stamps: Option<&mut Stamps>,
    to: &mut impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut read = |piece: &[u8]| transcript.as_mut().map_or_else(|| piece.to_vec(), |stream| stream.read(piece));
    let Some(stamps) = stamps else { return to(&read(block)) };
    for (piece, time) in stamps.pieces(block)? {
        to(&stamps.stamp(&read(piece), time))?;
    }
    Ok(())
}

/// Where the line begins that has this byte. One that is very long begins there.
fn begin_of_line(log: &mut File, offset: u64) -> io::Result<u64> {
    let count = offset.min(MOST_BEFORE as u64);
    let start = offset - count;
    log.seek(SeekFrom::Start(start))?;
    let mut before = Vec::new();
    log.by_ref().take(count).read_to_end(&mut before)?;
    let end = before.iter().rposition(|byte| *byte == b'\n');
    Ok(end.map_or(if start == 0 { 0 } else { offset }, |end| start + end as u64 + 1))
}

/// Cuts off what comes before the last lines, once it is more than so many bytes.
pub fn keep_last_lines(text: &mut Vec<u8>, lines: usize, most: usize) {
    if text.len() <= most {
        return;
    }
    let end = text.len() - usize::from(text.last() == Some(&b'\n'));
    let breaks = text[..end].iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let begin = match lines {
        0 => Some(text.len()),
        _ => breaks.map(|(at, _)| at + 1).nth(lines - 1),
    };
    drop(text.drain(..begin.unwrap_or(0)));
}

/// Goes to where the last lines begin, reading from the end: a log may be large.
fn seek_to_last_lines(log: &mut File, lines: usize) -> io::Result<()> {
    let mut position = log.seek(SeekFrom::End(0))?;
    let mut missing = lines;
    let mut last = true;
    while position > 0 {
        let count = position.min(BLOCK as u64);
        position -= count;
        log.seek(SeekFrom::Start(position))?;
        let mut block = Vec::new();
        log.by_ref().take(count).read_to_end(&mut block)?;
        for (index, byte) in block.iter().enumerate().rev() {
            // The newline that ends the file ends a line, and begins none.
            if *byte == b'\n' && !std::mem::replace(&mut last, false) {
                if missing <= 1 {
                    let begin = if lines == 0 { position + count } else { position + index as u64 + 1 };
                    log.seek(SeekFrom::Start(begin))?;
                    return Ok(());
                }
                missing -= 1;
            }
            last = false;
        }
    }
    log.seek(if lines == 0 { SeekFrom::End(0) } else { SeekFrom::Start(0) })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn last_lines(text: &str, lines: usize) -> String {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        seek_to_last_lines(&mut file, lines).unwrap();
        let mut rest = String::new();
        file.read_to_string(&mut rest).unwrap();
        rest
    }

    #[test]
    fn the_last_lines_of_a_text() {
        let last = |text: &str, lines| {
            let mut bytes = text.as_bytes().to_vec();
            keep_last_lines(&mut bytes, lines, 0);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!((last("a\nb\nc\n", 2).as_str(), last("a\nb\nc", 2).as_str()), ("b\nc\n", "b\nc"));
        assert_eq!((last("a\n", 9).as_str(), last("a\nb\n", 0).as_str(), last("", 1).as_str()), ("a\n", "", ""));
    }

    #[test]
    fn the_last_lines_of_a_log() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last_lines("a\nb\nc", 2), "b\nc");
        assert_eq!(last_lines("a\nb\n", 9), "a\nb\n");
        assert_eq!(last_lines("a\nb\n", 0), "");
        assert_eq!(last_lines("", 3), "");
        assert_eq!(last_lines("\n\n\n", 1), "\n");
        let long = "x".repeat(BLOCK + 10);
        assert_eq!(last_lines(&format!("first\n{long}\nlast\n"), 2), format!("{long}\nlast\n"));
    }
}
