//! JSON with comments, and commas behind the last item.

/// The same as JSON, each letter in its line and column.
pub fn plain(text: &str) -> String {
    without_commas(&without_comments(text))
}

fn without_comments(text: &str) -> String {
    let (mut plain, mut letters, mut in_text) = (String::new(), text.chars().peekable(), false);
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', _) if in_text => {
                plain.push(letter);
                plain.extend(letters.next());
                continue;
            }
            ('"', _) => in_text = !in_text,
            ('/', Some('/')) if !in_text => {
                while letters.next_if(|letter| *letter != '\n').is_some() {}
                continue;
            }
            ('/', Some('*')) if !in_text => {
                letters.next();
                plain.push_str("  ");
                let mut last = ' ';
                for letter in letters.by_ref() {
                    plain.push(if letter == '\n' { '\n' } else { ' ' });
                    if last == '*' && letter == '/' {
                        break;
                    }
                    last = letter;
                }
                continue;
            }
            _ => {}
        }
        plain.push(letter);
    }
    plain
}

fn without_commas(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let (mut plain, mut in_text, mut escaped) = (String::new(), false, false);
    for (position, letter) in letters.iter().enumerate() {
        let next = || letters[position + 1..].iter().find(|letter| !letter.is_whitespace());
        match letter {
            ',' if !in_text && matches!(next(), Some('}' | ']')) => plain.push(' '),
            letter => plain.push(*letter),
        }
        if *letter == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && *letter == '\\' && !escaped;
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_and_last_commas_go_and_texts_stay() {
        let text = r#"{ // one
            /* two, */ "a": "// no comment, /* none */", "b": ["x,]", "\"//",],
            "c": {"d": 1, /* last */ }, // end
        }"#;
        let value: serde_json::Value = serde_json::from_str(&plain(text)).unwrap();
        let expected = serde_json::json!({"a": "// no comment, /* none */", "b": ["x,]", "\"//"], "c": {"d": 1}});
        assert_eq!(value, expected);
        for bad in ["/*", "{\"a", "{,}x", "\"\\"] {
            assert!(serde_json::from_str::<serde_json::Value>(&plain(bad)).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_json_already_stays_as_it_is(texts: Vec<String>) {
            let json = serde_json::to_string_pretty(&texts).unwrap();
            prop_assert_eq!(plain(&json), json);
        }
    }
}
