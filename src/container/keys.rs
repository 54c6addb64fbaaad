//! Texts that seem to hold a key: what is brought into a container as a setting must not.

/// How keys of services that many people use begin.
const BEGINNINGS: [&str; 16] = [
    "sk-",
    "sk_live_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "npm_",
    "eyJ",
];
/// A key has at least so many letters after that.
const SHORTEST: usize = 16;
/// Names that a file gives to keys.
const NAMES: [&str; 7] = ["apikey", "token", "secret", "password", "passwd", "authorization", "credential"];
/// What is shorter is no key.
const SHORTEST_VALUE: usize = 8;

/// The first line that seems to have a key in it, counted from 1. `known` are keys that this user has.
pub fn line_with_key(text: &str, known: &[String]) -> Option<usize> {
    let known = |line: &str| known.iter().any(|key| key.len() >= SHORTEST_VALUE && line.contains(key.as_str()));
    let found = text.lines().position(|line| known(line) || has_key(line) || line.split(['{', ',']).any(names_key))?;
    Some(found + 1)
}

fn has_key(line: &str) -> bool {
    if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY") {
        return true;
    }
    let mut words = line.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter));
    words.any(|word| {
        BEGINNINGS.iter().any(|start| {
            let rest = word.strip_prefix(start).unwrap_or_default();
            rest.len() >= SHORTEST && rest.contains(|letter: char| letter.is_ascii_digit())
        })
    })
}

/// `"GITHUB_TOKEN": "…"`, `api_key = "…"`: not a variable's name, and not a reference to one.
fn names_key(line: &str) -> bool {
    let Some((name, value)) = line.split_once(['=', ':']) else { return false };
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let named = NAMES.iter().any(|key| name.ends_with(key) || name.ends_with(&format!("{key}s")));
    let value = value.trim().trim_end_matches(['}', ' ']);
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or_default();
    let refers = quoted.contains('$') || quoted.contains(' ') && !quoted.starts_with("Bearer ");
    named && quoted.len() >= SHORTEST_VALUE && !refers && !is_variable(quoted)
}

fn is_variable(value: &str) -> bool {
    value.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_seen_and_what_only_speaks_of_them_is_not() {
        let with = [
            "  \"env\": { \"X\": \"sk-ant-abc0def1ghi2jkl3\" }",
            "env = { A = \"x\", GITHUB_TOKEN = \"abcdefgh\" }",
            "GITHUB_TOKEN = \"a1b2c3d4e5\"",
            "\"api_key\": \"abcdefghij\",",
            "\"Authorization\": \"Bearer abcdefgh\"",
            "use github_pat_11AAAAAAA0123456789abc for it",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "mine is here: hunter22hunter22",
        ];
        for line in with {
            let text = format!("first\n{line}\nlast");
            assert_eq!(line_with_key(&text, &["hunter22hunter22".to_owned()]), Some(2), "{line}");
        }
        let without = [
            "env_key = \"OPENAI_API_KEY\"",
            "bearer_token_env_var = \"GITHUB_TOKEN\"",
            "\"token\": \"$TOKEN_OF_MINE\"",
            "\"maxTokens\": 4096",
            "Never print a token: ask me first.",
            "task-force-of-everybody-in-the-team",
            "\"password\": \"\"",
        ];
        for line in without {
            assert_eq!(line_with_key(line, &["short".to_owned()]), None, "{line}");
        }
    }
}
