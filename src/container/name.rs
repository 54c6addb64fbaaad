//! Names of runs, which are the ids of their containers.

use crate::error::Usage;

/// containerd's limit.
const LONGEST: usize = 76;

/// What default names begin with.
const STEM: &str = "binnacle-self-";

/// A default name: unix seconds to sort by, and random digits because two runs may start in one second.
pub fn default_name(unix_seconds: i64, random: u32) -> String {
    format!("{STEM}{unix_seconds}-{random:06x}", random = random & 0x00ff_ffff)
}

/// Whether a name can be meant by its beginning; in a default name, by the beginning of what differs, too.
pub fn answers_to(name: &str, short: &str) -> bool {
    let own = name.strip_prefix(STEM).unwrap_or(name);
    let random = own.rsplit_once('-').filter(|_| own.len() < name.len()).map(|(_, random)| random);
    !short.is_empty() && [Some(name), Some(own), random].into_iter().flatten().any(|part| part.starts_with(short))
}

/// Checks a name against containerd's rule: letters and digits, joined by single `.`, `_` or `-`.
pub fn check_name(name: &str) -> Result<&str, Usage> {
    let legal =
        name.split(['.', '_', '-']).all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()));
    if legal && name.len() <= LONGEST {
        return Ok(name);
    }
    Err(Usage::new(format!("'{name}' is not a legal name")).hint(format!(
        "letters and digits, joined by single '.', '_' or '-', at most {LONGEST} characters, such as agent-1"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_follow_the_rule_of_containerd() {
        for good in ["a", "agent-1", "A.b_c-9", &"a".repeat(76)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "a/b", "ä", "a b", "..", &"a".repeat(77)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_can_be_shortened() {
        let name = default_name(1_764_157_000, 0x00ab_12cd);
        for short in ["binnacle-self-1764157000-ab", "1764157", "ab1", &name] {
            assert!(answers_to(&name, short), "{short}");
        }
        for other in ["", "x", "self", "12cd", "ab12cdx"] {
            assert!(!answers_to(&name, other), "{other}");
        }
        assert!(answers_to("agent-1", "ag") && !answers_to("agent-1", "1"));
    }

    proptest! {
        #[test]
        fn a_default_name_is_always_legal(seconds in 0i64..10_000_000_000, random: u32) {
            prop_assert!(check_name(&default_name(seconds, random)).is_ok());
        }
    }
}
