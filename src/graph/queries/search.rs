//! Full-text search: SQLite's FTS5, the one thing that another database does in its own way.

/// The matches, best first.
pub fn hits(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM words JOIN tasks t ON t.seq = words.rowid
         WHERE words MATCH ?1 AND t.deleted_at IS NULL ORDER BY words.rank LIMIT ?2"
    )
}

pub const COUNT: &str =
    "SELECT count(*) FROM words JOIN tasks t ON t.seq = words.rowid WHERE words MATCH ?1 AND t.deleted_at IS NULL";

/// What to try, until something is found: all of the words, all as beginnings of words, any of them.
pub fn attempts(typed: &str) -> Vec<String> {
    let words = terms(typed);
    if words.is_empty() {
        return Vec::new();
    }
    let all = |suffix: &str| words.iter().map(|word| format!("\"{word}\"{suffix}")).collect::<Vec<_>>();
    vec![all("").join(" AND "), all("*").join(" AND "), all("*").join(" OR ")]
}

/// The words as the index knows them: whatever is not a letter or a digit divides them.
pub fn terms(typed: &str) -> Vec<String> {
    let words = typed.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
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
                "\"drop\"* OR \"near\"* OR \"a\"*",
            ]
        );
        assert!(attempts(" -:*\"^ ").is_empty());
    }
}
