//! Full-text search: SQLite's FTS5, the one thing that another database does in its own way.

use crate::graph::model::spaced::spaced;

/// The matches that are newer than a row, best first. A deleted task is not in the index.
pub fn hits(select: &str) -> String {
    format!(
        "{select} FROM words JOIN tasks t ON t.seq = words.rowid
         WHERE words MATCH ?1 AND words.rowid > ?3 ORDER BY words.rank LIMIT ?2"
    )
}

/// The newest match that is left out where there are more than so many: ranking 100,000 would take longer than reading them is worth.
pub const FLOOR: &str = "SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2";

pub const COUNT: &str = "SELECT count(*) FROM words WHERE words MATCH ?1";

/// What to try, until something is found: all of the words, all as beginnings of words, the same less precisely, any of them,
/// and parts of those that are written without spaces.
///
/// The index keeps stems ("token" for "tokenizer"), so that a word cut short ("tokeni") may have to be cut shorter.
pub fn attempts(typed: &str) -> Vec<String> {
    let words = terms(typed);
    if words.is_empty() {
        return Vec::new();
    }
    let each = |form: fn(&str) -> String| words.iter().map(|word| form(word)).collect::<Vec<_>>();
    let begins = |word: &str| format!("\"{}\"*", spaced(word));
    let begins_about = |word: &str| format!("\"{}\"*", spaced(stem(word)));
    let mut attempts = vec![
        each(|word| format!("\"{}\"", spaced(word))).join(" AND "),
        each(begins).join(" AND "),
        each(begins_about).join(" AND "),
        each(begins).join(" OR "),
    ];
    attempts.extend(pairs(&words));
    attempts
}

/// The words in the title or the description, each as the beginning of a word. Where there is none, nothing has it.
pub fn in_texts(typed: &str) -> String {
    let words: Vec<String> = terms(typed).iter().map(|word| format!("\"{}\"*", spaced(word))).collect();
    let all = if words.is_empty() { "\"\"".to_owned() } else { words.join(" AND ") };
    format!("{{title description}} : ({all})")
}

/// Of words that were typed without spaces between them: any two letters that stand side by side.
fn pairs(words: &[String]) -> Option<String> {
    let spaced: Vec<_> = words.iter().map(|word| spaced(word)).collect();
    let letters: Vec<Vec<&str>> = spaced.iter().map(|word| word.split(' ').collect()).collect();
    let pairs = letters.iter().flat_map(|letters| letters.windows(2)).take(PAIRS_MAX);
    let pairs: Vec<String> = pairs.map(|pair| format!("\"{}\"", pair.join(" "))).collect();
    if pairs.is_empty() { None } else { Some(pairs.join(" OR ")) }
}

/// More than anybody types.
const PAIRS_MAX: usize = 50;

/// A long word without its last two letters.
fn stem(word: &str) -> &str {
    match word.char_indices().rev().nth(1) {
        Some((end, _)) if word.chars().count() >= 5 => &word[..end],
        _ => word,
    }
}

/// The words as the index knows them: whatever is not a letter or a digit divides them.
pub fn terms(typed: &str) -> Vec<String> {
    let words = typed.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The words of a title, whatever their order, case and number; the title itself where it has none.
pub fn title_words(title: &str) -> Vec<String> {
    let mut words = terms(title);
    if words.is_empty() {
        words.push(title.trim().to_owned());
    }
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_typed_is_syntax() {
        assert_eq!(
            attempts("\"); DROP NEAR(a* "),
            vec![
                "\"drop\" AND \"near\" AND \"a\"",
                "\"drop\"* AND \"near\"* AND \"a\"*",
                "\"drop\"* AND \"near\"* AND \"a\"*",
                "\"drop\"* OR \"near\"* OR \"a\"*",
            ]
        );
        assert_eq!(attempts("Größen")[2], "\"größ\"*");
        assert!(attempts(" -:*\"^ ").is_empty());
        assert_eq!(attempts("用SQLite存储").len(), 5);
        assert_eq!(attempts("用SQLite存储")[0], "\"用 sqlite 存 储\"");
        assert_eq!(attempts("存储")[4], "\"存 储\"");
    }
}
