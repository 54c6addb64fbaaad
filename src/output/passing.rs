//! What a program that works for `bn` prints, on its way to the person who waits for it.

use std::io::{self, Write};

use crate::output::progress::{self, Step};

/// A longer line is not heard to its end. Bytes.
const LONGEST: usize = 4096;

/// What begins the line in which such a program says at its end why it failed.
const LAST_WORD: &[u8] = b"Error: ";

/// Bytes go to standard error as they are, above the line of the step; but a line that begins with `Error: ` only once something comes after
/// it. That of a program's end is left to whoever started it.
pub struct Passing<'a> {
    quiet: bool,
    step: &'a Step,
    hear: fn(&str) -> Option<String>,
    /// What came of a line so far.
    begun: Vec<u8>,
    held: Held,
}

/// A line that may be the last.
#[derive(Default)]
struct Held {
    line: Vec<u8>,
    within: bool,
}

impl Held {
    /// What may be shown by now.
    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        for byte in bytes {
            if self.is_last_word() {
                shown.append(&mut self.line);
            }
            self.line.push(*byte);
            let may_be_last = !self.within && (LAST_WORD.starts_with(&self.line) || self.line.starts_with(LAST_WORD));
            if !may_be_last {
                self.within = *byte != b'\n';
                shown.append(&mut self.line);
            }
        }
        shown
    }

    /// Whether a whole line is held, which is the last until something comes after it.
    fn is_last_word(&self) -> bool {
        self.line.starts_with(LAST_WORD) && self.line.ends_with(b"\n")
    }
}

impl<'a> Passing<'a> {
    pub(super) fn new(quiet: bool, step: &'a Step, hear: fn(&str) -> Option<String>) -> Self {
        Self { quiet, step, hear, begun: Vec::new(), held: Held::default() }
    }

    fn listen(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    let text = (self.hear)(&String::from_utf8_lossy(&self.begun));
                    text.iter().for_each(|text| self.step.says(text));
                    self.begun.clear();
                }
                _ if self.begun.len() < LONGEST => self.begun.push(*byte),
                _ => {}
            }
        }
    }
}

impl Write for Passing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.listen(bytes);
        if self.quiet {
            return Ok(bytes.len());
        }
        let shown = self.held.pass(bytes);
        show(&shown)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

impl Drop for Passing<'_> {
    /// A line without an end is nobody's last word.
    fn drop(&mut self) {
        if !self.quiet && !self.held.is_last_word() {
            let _ = show(&self.held.line);
        }
    }
}

fn show(bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let line = progress::aside();
    line.printed(bytes, &io::stderr());
    io::stderr().lock().write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_held_and_every_other_line_is_shown() {
        for pieces in [1, 3, 100] {
            let mut held = Held::default();
            let said = "STEP 1: E\nError: one\nEr\n\nno Error: x\nError: two\nError: three\n";
            let shown: Vec<u8> = said.as_bytes().chunks(pieces).flat_map(|piece| held.pass(piece)).collect();
            assert_eq!(String::from_utf8(shown).unwrap(), said.replace("Error: three\n", ""));
            assert!(held.is_last_word() && held.line == b"Error: three\n");
        }
        let mut held = Held::default();
        assert_eq!(
            (held.pass(b"done\nErr"), held.is_last_word(), held.line.as_slice()),
            (b"done\n".to_vec(), false, &b"Err"[..])
        );
    }
}
