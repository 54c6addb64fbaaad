//! What was refused during a run, and the flags that would have let it through.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use super::log::{self, Decision, Entry};

/// What stands in a reason before the rule that would have helped.
const REMEDY: &str = "; open it with --allow ";
/// More different refusals than anybody reads.
const SHOWN_MAX: usize = 20;

/// The words of a refusal in the log.
pub fn reason(said: &str, remedy: Option<&str>) -> String {
    remedy.map_or_else(|| format!("{said}; never opened"), |remedy| format!("{said}{REMEDY}{remedy}"))
}

/// One host that was refused.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    /// `host:port`.
    pub asked: String,
    pub reason: String,
    pub count: u64,
    /// What to give to `--allow`.
    pub allow: Option<String>,
}

/// All refusals of a run, most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    pub refused: Vec<Refused>,
}

impl Summary {
    /// Sums up the log in this folder.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        log::read(folder).map(|entries| Self::of(entries.into_iter().map(|(_, entry)| entry)))
    }

    pub fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let mut counts: HashMap<(String, String), u64> = HashMap::new();
        for entry in entries.filter(|entry| entry.decision == Decision::Refused) {
            *counts.entry((entry.asked, entry.reason)).or_default() += 1;
        }
        let refused = |((asked, said), count): ((String, String), u64)| {
            let (reason, allow) = match said.split_once(REMEDY) {
                Some((reason, rule)) => (reason.to_owned(), Some(rule.to_owned())),
                None => (said, None),
            };
            Refused { asked, reason, count, allow }
        };
        let mut refused: Vec<Refused> = counts.into_iter().map(refused).collect();
        refused.sort_by(|left, right| right.count.cmp(&left.count).then_with(|| left.asked.cmp(&right.asked)));
        Self { refused }
    }

    pub fn is_empty(&self) -> bool {
        self.refused.is_empty()
    }

    /// The flags that would have let through all that can be, ready to paste.
    pub fn flags(&self) -> Vec<String> {
        let mut flags: Vec<String> = Vec::new();
        for rule in self.refused.iter().filter_map(|refused| refused.allow.as_ref()) {
            let flag = format!("--allow {rule}");
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
        flags
    }
}

/// Lines for the end of a run; nothing where nothing was refused.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        writeln!(f, "the network refused:")?;
        for Refused { asked, reason, count, .. } in self.refused.iter().take(SHOWN_MAX) {
            let times = if *count == 1 { String::new() } else { format!(" ({count} times)") };
            writeln!(f, "  {asked}{times}: {reason}")?;
        }
        if let more @ 1.. = self.refused.len().saturating_sub(SHOWN_MAX) {
            writeln!(f, "  and {more} more")?;
        }
        match self.flags() {
            flags if flags.is_empty() => Ok(()),
            flags => writeln!(f, "these flags would have let it through: {}", flags.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_and_their_flags_named_once() {
        let entry =
            |decision, asked: &str, reason: String| Entry { decision, asked: asked.into(), address: None, reason };
        let private = || reason("private address", Some("db.corp:5432"));
        let entries = [
            entry(Decision::Refused, "db.corp:5432", private()),
            entry(Decision::Allowed, "github.com:443", "public address".into()),
            entry(Decision::Refused, "169.254.169.254:80", reason("cloud metadata address", None)),
            entry(Decision::Refused, "db.corp:5432", private()),
            entry(Decision::Failed, "x.example:443", "refused".into()),
        ];
        let summary = Summary::of(entries.into_iter());
        assert_eq!(
            summary.to_string(),
            "the network refused:\n  db.corp:5432 (2 times): private address\n  \
             169.254.169.254:80: cloud metadata address; never opened\n\
             these flags would have let it through: --allow db.corp:5432\n"
        );
        assert_eq!(summary.flags(), ["--allow db.corp:5432"]);
        assert_eq!(Summary::default().to_string(), "");
    }
}
