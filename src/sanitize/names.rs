//! Names that strangers chose, made safe to stand in one line.

use std::path::Path;

use crate::sanitize::{is_invisible, steers};

/// Longer names are cut. Letters.
const LONGEST: usize = 200;

/// Without what could steer a terminal or mislead its reader.
pub fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(LONGEST).flat_map(plain).collect()
}

pub fn path(path: &Path) -> String {
    name(path.as_os_str().as_encoded_bytes())
}

/// In a name, letters that nobody sees are spelled out as well: languages and emoji need them, but two names that look the same
/// should not be two.
fn plain(letter: char) -> Vec<char> {
    match steers(letter) || is_invisible(letter) {
        true => letter.escape_unicode().collect(),
        false => vec![letter],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(
            name("a\u{1b}[2Jb\u{202e}c\u{200b}\u{e0041}".as_bytes()),
            "a\\u{1b}[2Jb\\u{202e}c\\u{200b}\\u{e0041}"
        );
        assert_eq!(name(&[b'x'; 1000]).len(), LONGEST);
    }
}
