//! What a program that works for `bn` prints, on its way to the person who waits for it.

use std::io::{self, Write};

use crate::output::progress::{self, Step};

/// A longer line is not heard to its end. Bytes.
const LONGEST: usize = 4096;

/// Bytes go to standard error as they are, above the line of the step.
pub struct Passing<'a> {
    quiet: bool,
    step: &'a Step,
    hear: fn(&str) -> Option<String>,
    /// What came of a line so far.
    begun: Vec<u8>,
}

impl<'a> Passing<'a> {
    pub(super) fn new(quiet: bool, step: &'a Step, hear: fn(&str) -> Option<String>) -> Self {
        Self { quiet, step, hear, begun: Vec::new() }
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
        let line = progress::aside();
        line.printed(bytes, &io::stderr());
        io::stderr().lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
