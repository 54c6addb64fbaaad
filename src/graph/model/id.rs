//! Ids: short, readable, and the same however many writers there are.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::graph::model::text::line;

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// What a task's id starts with.
pub const PREFIX: &str = "bn-";
/// The longest id of another tracker.
pub const LENGTH_MAX: usize = 128;
/// The shortest random part of an id.
const SHORTEST: usize = 4;

/// A task's id, such as `bn-7f3k`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(String);

impl TaskId {
    /// An id as the store gave it.
    pub fn known(id: String) -> Self {
        Self(id)
    }

    /// A new id out of random bytes, long enough for a graph that has had `tasks` tasks so far.
    pub fn random(tasks: u64, bytes: [u8; 16]) -> Self {
        Self(format!("{PREFIX}{}", word(length(tasks), bytes)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether another tracker may use this as a task's id; such an id is mapped to one of the graph.
    pub fn is_possible(&self) -> bool {
        let plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
        (1..=LENGTH_MAX).contains(&self.0.chars().count()) && self.0.chars().all(plain)
    }

    /// Whether this has the form of an id: what an import may bring.
    pub fn is_well_formed(&self) -> bool {
        let name = self.0.strip_prefix(PREFIX).unwrap_or_default();
        (1..=32).contains(&name.len()) && name.bytes().all(|byte| ALPHABET.contains(&byte))
    }
}

/// An id that an agent put into the file by itself may be anything: it is not sent to a terminal as it is.
impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_well_formed() { f.pad(&self.0) } else { f.pad(&line(&self.0, 40)) }
    }
}

/// The start of an id in the form the store keeps: `7F`, `bn-7f` and `7f` all mean `bn-7f…`.
pub fn prefix(typed: &str) -> String {
    let typed = typed.trim().to_ascii_lowercase();
    let name = typed.strip_prefix(PREFIX).unwrap_or(&typed);
    format!("{PREFIX}{name}")
}

/// A session's id out of random bytes, for an agent that was given none.
pub fn session(bytes: [u8; 16]) -> String {
    format!("s-{}", word(10, bytes))
}

/// As long as it takes for a new id to hit an old one less than once in 64 times.
fn length(tasks: u64) -> usize {
    let mut length = SHORTEST;
    let mut room = 36_u64.pow(4) / 64;
    while tasks >= room && length < 12 {
        length += 1;
        room *= 36;
    }
    length
}

fn word(length: usize, bytes: [u8; 16]) -> String {
    let mut number = u128::from_le_bytes(bytes);
    let letters = std::iter::repeat_with(|| {
        let letter = ALPHABET[(number % 36) as usize];
        number /= 36;
        char::from(letter)
    });
    letters.take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_with_the_graph() {
        for (tasks, letters) in [(0, 4), (26_000, 4), (26_300, 5), (944_000, 5), (945_000, 6), (u64::MAX, 12)] {
            assert_eq!(TaskId::random(tasks, [7; 16]).as_str().len(), PREFIX.len() + letters, "{tasks}");
        }
        assert!(TaskId::random(0, [255; 16]).is_well_formed());
    }

    #[test]
    fn a_prefix_is_taken_as_people_type_it() {
        for typed in ["bn-7f", "7f", "7F", " BN-7f "] {
            assert_eq!(prefix(typed), "bn-7f");
        }
    }

    #[test]
    fn only_ids_look_like_ids() {
        for bad in ["", "bn-", "7f", "bn-7 f", "bn-é", "BN-7F", "bn-../x"] {
            assert!(!TaskId::known(bad.to_owned()).is_well_formed(), "{bad:?}");
        }
        assert_eq!(TaskId::known("bn-\u{1b}[2J".to_owned()).to_string(), "bn-[2J");
    }
}
