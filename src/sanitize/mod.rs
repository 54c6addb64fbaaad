//! Text that strangers may have had a hand in, on its way to a terminal, or to an agent that reads it.

mod invisible;
mod names;
mod sieve;

use std::borrow::Cow;

pub use names::{name, path};
pub use sieve::Sieve;

use invisible::{is_invisible, is_needed};

/// What a terminal would obey, or what makes text read other than it stands there: control characters of both kinds, and the
/// marks that turn the direction of writing.
fn steers(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A reader of text, letter by letter, who knows which letters are plain to see.
#[derive(Default)]
struct Reader {
    /// The letter before, if that one was plain.
    before: Option<char>,
}

impl Reader {
    /// Whether the next letter may stand as it is.
    fn is_plain(&mut self, letter: char) -> bool {
        let plain =
            !steers(letter) && (!is_invisible(letter) || self.before.is_some_and(|before| is_needed(before, letter)));
        self.before = plain.then_some(letter);
        plain
    }
}

/// The text without whatever is not plain to see.
pub fn plain(text: &str) -> String {
    let mut reader = Reader::default();
    text.chars().filter(|letter| reader.is_plain(*letter)).collect()
}

/// Lines as they are, with such characters spelled out.
pub fn lines(text: &str) -> Cow<'_, str> {
    spell_out(text, |letter| matches!(letter, '\n' | '\t'), |letter| letter.escape_unicode().to_string())
}

/// JSON, which means the same afterwards. What JSON itself lets stand is spelled out: it can only be within strings.
pub fn json(text: &str) -> Cow<'_, str> {
    let outside_strings = |letter| matches!(letter, '\n' | '\t' | '\r');
    spell_out(text, outside_strings, |letter| {
        letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
    })
}

/// `stays` says which control characters are meant.
fn spell_out(text: &str, stays: impl Fn(char) -> bool, how: impl Fn(char) -> String) -> Cow<'_, str> {
    let mut reader = Reader::default();
    if text.chars().all(|letter| reader.is_plain(letter) || stays(letter)) {
        return Cow::Borrowed(text);
    }
    let mut reader = Reader::default();
    let spelled = text.chars().map(|letter| match reader.is_plain(letter) || stays(letter) {
        true => letter.to_string(),
        false => how(letter),
    });
    Cow::Owned(spelled.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        let text = "a\u{1b}]0;x\u{7}b\r\u{9b}2J\u{202e}c\n\td";
        assert_eq!(lines(text), "a\\u{1b}]0;x\\u{7}b\\u{d}\\u{9b}2J\\u{202e}c\n\td");
        assert!(matches!(lines("plain ✓ grüße\n"), Cow::Borrowed(_)));
    }

    /// Orders for a model that nobody else reads.
    #[test]
    fn nothing_is_written_that_nobody_sees() {
        let tags: String = "rm -rf".chars().filter_map(|letter| char::from_u32(0xe0000 + u32::from(letter))).collect();
        assert_eq!(plain(&format!("Fix it{tags}.")), "Fix it.");
        assert_eq!(lines("a\u{e0041}b"), "a\\u{e0041}b");
        let bytes_as_variants: String = ('\u{e0100}'..='\u{e01ef}').chain('\u{fe00}'..='\u{fe0f}').collect();
        assert_eq!(plain(&format!("👍{bytes_as_variants}")), "👍");
        assert_eq!(plain("👍\u{fe0f}\u{fe0f}\u{200d}\u{fe0e}"), "👍\u{fe0f}");
        let between_letters =
            "a\u{200b}b\u{200c}c\u{200d}d\u{2060}e\u{2064}f\u{feff}g\u{ad}h\u{3164}i\u{34f}j\u{2028}k\u{fe0f}l";
        assert_eq!(plain(between_letters), "abcdefghijkl");
        for letter in (0..=0x10_ffff).filter_map(char::from_u32).filter(|letter| is_invisible(*letter)) {
            assert_eq!(plain(&format!("a{letter}b")), "ab", "{letter:?}");
            assert_eq!(plain(&format!("\n{letter}")), "", "{letter:?}");
        }
    }

    #[test]
    fn emoji_and_languages_stay_as_they_are() {
        for text in ["👩‍💻 👨‍👩‍👧‍👦 ❤️‍🔥 🏳️‍🌈 👍🏽‍ 1️⃣ ☎︎", "می‌خواهم", "क्‍ष श्री", "ភាសា\u{200b}ខ្មែរ", "größe 漢字 한국어", "עברית"]
        {
            assert_eq!(plain(text), text);
            assert!(matches!(lines(text), Cow::Borrowed(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn json_means_the_same(text in any::<String>()) {
            let text = format!("{text}\u{7f}\u{9b}\u{2066}\u{e0041}\u{200b}");
            let written = serde_json::to_string_pretty(&[&text]).unwrap();
            let harmless = json(&written);
            prop_assert_eq!(plain(&harmless), harmless.replace('\n', ""));
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&harmless).unwrap(), [text]);
        }
    }
}
