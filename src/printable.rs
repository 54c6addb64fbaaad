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

/// A text of ours, with whatever words of others got into it. Its own lines stay, and what languages and emoji need.
pub fn printable_text(text: &str) -> String {
    let shown = |letter| match matches!(letter, '\n' | '\t') || !steers(letter) {
        true => vec![letter],
        false => letter.escape_unicode().collect(),
    };
    text.chars().flat_map(shown).collect()
}

/// JSON that a terminal can be shown, too. It says the same: what is escaped can only stand in a string.
pub fn printable_json(json: &str) -> String {
    let escaped = |letter| match letter != '\n' && steers(letter) {
        true => format!("\\u{:04x}", u32::from(letter)),
        false => String::from(letter),
    };
    json.chars().map(escaped).collect()
}

/// Control characters, and those that change the direction of text, as their escapes.
fn plain(letter: char) -> Vec<char> {
    let misleading = matches!(letter, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    match letter.is_control() || misleading {
        true => letter.escape_unicode().collect(),
        false => vec![letter],
    }
}

/// What a terminal obeys, or what turns the text around it.
fn steers(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c".as_bytes()), "a\\u{1b}[2Jb\\u{202e}c");
    }

    #[test]
    fn a_text_keeps_its_lines_and_json_its_meaning() {
        assert_eq!(printable_text("a\n\tb\r\u{9b}2J"), "a\n\tb\\u{d}\\u{9b}2J");
        let json = serde_json::to_string("\u{9b}2J\u{202e}\u{7f}").unwrap();
        let safe = printable_json(&json);
        assert!(safe.is_ascii(), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), "\u{9b}2J\u{202e}\u{7f}");
    }
}
