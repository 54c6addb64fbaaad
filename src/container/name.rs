//! Names of runs, which are the ids of their containers.

use crate::error::Usage;

/// containerd's limit.
const LONGEST: usize = 76;

/// A default name: unix seconds to sort by, and random digits because two runs may start in one second.
pub fn default_name(unix_seconds: i64, random: u32) -> String {
    format!("binnacle-self-{unix_seconds}-{random:06x}", random = random & 0x00ff_ffff)
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

    proptest! {
        #[test]
        fn a_default_name_is_always_legal(seconds in 0i64..10_000_000_000, random: u32) {
            prop_assert!(check_name(&default_name(seconds, random)).is_ok());
        }
    }
}
