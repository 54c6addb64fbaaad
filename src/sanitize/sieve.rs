//! What a stranger prints, for a terminal: text and its colours, and nothing else that a terminal would obey. Escape sequences
//! can write to the clipboard, rename the window, or make a terminal type an answer at the next prompt.

use std::io::Write;

use anstyle_parse::{Params, Parser, Perform};

use crate::sanitize::Reader;

/// Takes a stream in pieces, wherever it is cut.
#[derive(Default)]
pub struct Sieve {
    parser: Parser,
    reader: Reader,
}

impl Sieve {
    /// What of these bytes a terminal may have.
    pub fn sift(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut kept = Kept { bytes: Vec::with_capacity(bytes.len()), reader: &mut self.reader };
        bytes.iter().for_each(|byte| self.parser.advance(&mut kept, *byte));
        kept.bytes
    }
}

struct Kept<'a> {
    bytes: Vec<u8>,
    reader: &'a mut Reader,
}

impl Perform for Kept<'_> {
    fn print(&mut self, letter: char) {
        if self.reader.is_plain(letter) {
            self.bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn execute(&mut self, byte: u8) {
        if matches!(byte, b'\n' | b'\r' | b'\t') {
            self.bytes.push(byte);
        }
    }

    /// Colours and the like: `ESC [ numbers m`.
    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignored: bool, action: u8) {
        if action != b'm' || !intermediates.is_empty() || ignored {
            return;
        }
        let numbers = |group: &[u16]| group.iter().map(u16::to_string).collect::<Vec<_>>().join(":");
        let all = params.iter().map(numbers).collect::<Vec<_>>().join(";");
        // Writing to memory does not fail.
        drop(write!(self.bytes, "\x1b[{all}m"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sifted(text: &str) -> String {
        String::from_utf8(Sieve::default().sift(text.as_bytes())).unwrap()
    }

    #[test]
    fn text_and_colours_pass() {
        for text in ["plain\n\ttext\r\n", "größe 漢字 🦀 👩‍💻", "\x1b[1;38;5;196mred\x1b[0m", "\x1b[4:3mwavy\x1b[0m"]
        {
            assert_eq!(sifted(text), text);
        }
    }

    #[test]
    fn what_a_terminal_obeys_does_not() {
        let orders = [
            "\x1b]52;c;Y3VybCBldmlsfHNo\x07",
            "\x1b]0;title\x1b\\",
            "\x1bP$qm\x1b\\",
            "\x1b[6n",
            "\x1b[2J\x1b[H",
            "\x1b[?1049h",
            "\x1b[>4;1m",
            "\x1bc",
            "\x1b_application\x1b\\",
            "\x07\x08\x0b\x7f",
            "\u{9b}6n",
            "\u{9d}0;title\u{9c}",
            "\u{202e}\u{e0041}\u{e0042}\u{200b}\u{feff}",
        ];
        for order in orders {
            let left = sifted(&format!("a{order}b"));
            assert_eq!(crate::sanitize::plain(&left), left, "{order:?}");
            assert!(left.starts_with('a') && left.ends_with('b'), "{order:?}: {left:?}");
        }
    }

    #[test]
    fn a_sequence_may_come_in_pieces_and_without_an_end() {
        let mut sieve = Sieve::default();
        let text = "x\x1b]52;c;AAAA\x07y\x1b[31mz€";
        let pieces: Vec<u8> = text.bytes().flat_map(|byte| sieve.sift(&[byte])).collect();
        assert_eq!(String::from_utf8(pieces).unwrap(), "xy\x1b[31mz€");
        assert_eq!(sieve.sift(b"\x1b]0;").len() + sieve.sift(&vec![b'a'; 1 << 20]).len(), 0);
    }
}
