//! Letters that nobody sees. A model reads them all the same, so that a task's title can carry orders for other agents that the
//! person in front of it does not see; and two words that look the same need not be the same.

/// Letters without a form of their own: Unicode's Default_Ignorable_Code_Point, tags among them, with the separators of lines
/// and the marks of annotations, at which terminals and editors show nothing either.
pub fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether such a letter is needed for how the one before it is written. One only: a row of them is a message.
pub fn is_needed(before: char, letter: char) -> bool {
    match letter {
        '\u{200d}' => joins(before) || is_emoji(before) || before == '\u{fe0f}',
        '\u{200b}' | '\u{200c}' => joins(before),
        '\u{fe0e}' => is_emoji(before),
        // 1️⃣ is a digit, this one, and a frame.
        '\u{fe0f}' => is_emoji(before) || matches!(before, '0'..='9' | '#' | '*'),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => matches!(before, '\u{1820}'..='\u{18aa}'),
        _ => false,
    }
}

/// Letters of scripts in which joiners, or places for a line to end, belong to the spelling: from Arabic to Tibetan, Myanmar, Khmer,
/// Mongolian, and Arabic's own forms.
fn joins(letter: char) -> bool {
    matches!(letter,
        '\u{620}'..='\u{fff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{1900}'..='\u{1cff}'
        | '\u{a840}'..='\u{abff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{11000}'..='\u{11fff}')
}

/// What emoji are made of, their colours of skin among it.
fn is_emoji(letter: char) -> bool {
    matches!(letter,
        '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2460}'..='\u{24ff}'
        | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '〰' | '〽' | '㊗' | '㊙'
        | '\u{1f000}'..='\u{1faff}')
}
