//! Names that others chose, for a terminal.

use std::path::Path;

/// Longer names are cut. Letters.
const LONGEST: usize = 200;

/// Without what could steer a terminal or mislead its reader.
pub fn printable(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(LONGEST).flat_map(plain).collect()
}

pub fn printable_path(path: &Path) -> String {
    printable(path.as_os_str().as_encoded_bytes())
}

/// Control characters, and those that change the direction of text, as their escapes.
fn plain(letter: char) -> Vec<char> {
    let misleading =
        matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    match letter.is_control() || misleading {
        true => letter.escape_unicode().collect(),
        false => vec![letter],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c".as_bytes()), "a\\u{1b}[2Jb\\u{202e}c");
    }
}
