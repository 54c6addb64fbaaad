//! The keys that leave a screen, as docker and podman name them: `ctrl-p,ctrl-q`.

use std::str::FromStr;

use crate::error::Usage;

/// docker's and podman's own.
pub const USUAL: &str = "ctrl-p,ctrl-q";

/// Keys in the order in which they are pressed, in the two ways in which terminals send them: as a byte each, or, where the agent has
/// asked for that, as the number of the letter with its modifiers (`CSI 112;5u`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachKeys {
    spellings: [Vec<u8>; 2],
}

impl FromStr for DetachKeys {
    type Err = Usage;

    fn from_str(text: &str) -> Result<Self, Usage> {
        let mut spellings = [Vec::new(), Vec::new()];
        for name in text.split(',') {
            let (byte, numbered) = key(name).ok_or_else(|| {
                Usage::new(format!("--detach-keys: '{name}' is no key"))
                    .hint(format!("letters, and ctrl- with a letter, joined by commas, such as {USUAL}"))
            })?;
            spellings[0].push(byte);
            spellings[1].extend_from_slice(numbered.as_bytes());
        }
        Ok(Self { spellings })
    }
}

fn key(name: &str) -> Option<(u8, String)> {
    let control = name.strip_prefix("ctrl-");
    let [letter] = *control.unwrap_or(name).as_bytes() else { return None };
    match control {
        Some(_) if letter.is_ascii_lowercase() => Some((letter & 0x1f, format!("\x1b[{letter};5u"))),
        None if letter.is_ascii_graphic() => Some((letter, char::from(letter).to_string())),
        _ => None,
    }
}

/// What is typed in a window, and how much of the keys that leave it has been typed last.
#[derive(Debug)]
pub struct Typed {
    keys: DetachKeys,
    held: Vec<u8>,
}

impl Typed {
    pub fn new(keys: DetachKeys) -> Self {
        Self { keys, held: Vec::new() }
    }

    /// Returns what is to be passed on, and whether the keys were pressed that leave the screen. The beginning of those is held back
    /// until it is clear what it is.
    pub fn take(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut passed = Vec::new();
        for byte in bytes {
            self.held.push(*byte);
            while !self.keys.spellings.iter().any(|keys| keys.starts_with(&self.held)) {
                passed.push(self.held.remove(0));
            }
            if self.keys.spellings.contains(&self.held) {
                self.held.clear();
                return (passed, true);
            }
        }
        // Escape alone is a key, too, and nobody waits for the next one to see it.
        if self.held.first() == Some(&0x1b) && self.held.last() != Some(&b'u') {
            passed.append(&mut self.held);
        }
        (passed, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str, chunks: &[&str]) -> (String, bool) {
        let mut typed = Typed::new(keys.parse().unwrap());
        let mut all = Vec::new();
        for chunk in chunks {
            let (passed, left) = typed.take(chunk.as_bytes());
            all.extend(passed);
            if left {
                return (String::from_utf8(all).unwrap(), true);
            }
        }
        (String::from_utf8(all).unwrap(), false)
    }

    #[test]
    fn the_keys_leave_and_all_others_are_passed_on() {
        for (chunks, passed, left) in [
            (&["a\x10\x11b"][..], "a", true),
            (&["\x10", "\x11"], "", true),
            (&["\x10", "x\x10"], "\x10x", false),
            (&["\x10\x10\x11"], "\x10", true),
            (&["\x1b[112;5u", "\x1b[113;5u"], "", true),
            (&["\x1b", "[A"], "\x1b[A", false),
            (&["\x1b[1"], "\x1b[1", false),
        ] {
            assert_eq!(typed(USUAL, chunks), (passed.to_owned(), left), "{chunks:?}");
        }
        assert_eq!(typed("ctrl-a,d", &["\x01", "c\x01d"]), ("\x01c".to_owned(), true));
    }

    #[test]
    fn what_is_no_key_is_named() {
        for wrong in ["", "ctrl-", "ctrl-P", "ab", "ctrl-p,", "\u{e4}"] {
            assert!(wrong.parse::<DetachKeys>().is_err(), "{wrong}");
        }
    }
}
