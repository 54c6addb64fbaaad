//! Text that strangers may have had a hand in, on its way to a terminal.

mod names;
mod sieve;

use std::borrow::Cow;

pub use names::{name, path};
pub use sieve::Sieve;

/// What a terminal would obey, or what makes text read other than it stands there: control characters of both kinds, and the
/// marks that turn the direction of writing.
pub fn steers(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Lines as they are, with such characters spelled out.
pub fn lines(text: &str) -> Cow<'_, str> {
    spell_out(
        text,
        |letter| steers(letter) && !matches!(letter, '\n' | '\t'),
        |letter| letter.escape_unicode().to_string(),
    )
}

/// JSON, which means the same afterwards. What JSON itself lets stand is spelled out: it can only be within strings.
pub fn json(text: &str) -> Cow<'_, str> {
    let outside_strings = |letter| matches!(letter, '\n' | '\t' | '\r');
    spell_out(
        text,
        |letter| steers(letter) && !outside_strings(letter),
        |letter| format!("\\u{:04x}", u32::from(letter)),
    )
}

fn spell_out(text: &str, which: impl Fn(char) -> bool, how: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&which) {
        return Cow::Borrowed(text);
    }
    let spelled = text.chars().map(|letter| if which(letter) { how(letter) } else { letter.to_string() });
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

    proptest! {
        #[test]
        fn json_means_the_same(text in any::<String>()) {
            let text = format!("{text}\u{7f}\u{9b}\u{2066}");
            let written = serde_json::to_string_pretty(&[&text]).unwrap();
            let harmless = json(&written);
            prop_assert!(!harmless.contains(|letter| steers(letter) && letter != '\n'));
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&harmless).unwrap(), [text]);
        }
    }
}
