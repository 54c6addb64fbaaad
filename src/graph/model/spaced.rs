//! Words in scripts that put no spaces between them: the index takes each letter of such a script for a word of its own, and
//! whoever looks for several of them looks for that row of letters.

use std::borrow::Cow;

/// The text with a space beside each letter that is a word to the index.
pub fn spaced(text: &str) -> Cow<'_, str> {
    if !has_words_without_spaces(text) {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len() * 2);
    let mut after = false;
    for letter in text.chars() {
        let alone = stands_alone(letter);
        if (alone || after) && !result.is_empty() {
            result.push(' ');
        }
        result.push(letter);
        after = alone;
    }
    Cow::Owned(result)
}

/// Whether any letter of the text is of a script without spaces.
pub fn has_words_without_spaces(text: &str) -> bool {
    text.chars().any(stands_alone)
}

/// Whether a script is written without spaces between its words, or with whole sentences' worth of endings on them.
fn stands_alone(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0e00..=0x0eff // Thai, Lao
        | 0x1000..=0x109f // Myanmar
        | 0x1780..=0x17ff // Khmer
        | 0x1950..=0x19df | 0x1a20..=0x1aaf // Tai Le, New Tai Lue, Tai Tham
        | 0x3005..=0x3007
        | 0x3040..=0x312f // Hiragana, Katakana, Bopomofo
        | 0x31a0..=0x31ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff // Han
        | 0xa000..=0xa4cf // Yi
        | 0xac00..=0xd7a3 // Hangul
        | 0xf900..=0xfaff
        | 0xff66..=0xff9f // Katakana, half wide
        | 0x1b000..=0x1b16f
        | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripts_without_spaces_are_taken_apart() {
        assert_eq!(spaced("Größe of a task"), "Größe of a task");
        assert_eq!(spaced("データを見る"), "デ ー タ を 見 る");
        assert_eq!(spaced("用SQLite存储"), "用 SQLite 存 储");
        assert_eq!(spaced(""), "");
    }
}
