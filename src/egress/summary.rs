//! What was refused during a run, and the flags that would have let it through.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use crate::egress::log::{self, Decision, Entry, Remedy};

/// More different refusals than anybody reads.
const SHOWN_MAX: usize = 20;
/// More than a program wants to hear of.
const KEPT_MAX: usize = 1000;

/// One host that was refused.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    /// `host:port`.
    pub asked: String,
    pub reason: String,
    pub count: u64,
    /// What to give to `--allow`.
    pub allow: Option<String>,
    /// No rule opens it.
    pub never_opened: bool,
}

impl Refused {
    fn new(entry: Entry, count: u64) -> Self {
        let never_opened = entry.remedy == Some(Remedy::Never);
        let allow = match entry.remedy {
            Some(Remedy::Allow(rule)) => Some(rule),
            Some(Remedy::Never) | None => None,
        };
        Self { asked: entry.asked, reason: entry.reason, count, allow, never_opened }
    }
}

/// All refusals of a run, most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// At most a thousand.
    pub refused: Vec<Refused>,
    /// How many different ones there were besides.
    pub more: usize,
}

impl Summary {
    /// Sums up the log in this folder.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        let entries =
            |read: std::io::Result<Vec<(_, Entry)>>| Ok::<_, std::io::Error>(read?.into_iter().map(|(_, entry)| entry));
        Ok(Self::of(entries(log::read(folder))?, entries(log::refusals(folder))?))
    }

    /// `first` are those that may have been pushed out of the log since.
    pub fn of(entries: impl Iterator<Item = Entry>, first: impl Iterator<Item = Entry>) -> Self {
        let mut counts: HashMap<Entry, u64> = HashMap::new();
        // Which of its addresses a host was asked at is all the same.
        let place = |entry: Entry| Entry { address: None, ..entry };
        for entry in entries.filter(|entry| entry.decision == Decision::Refused) {
            *counts.entry(place(entry)).or_default() += 1;
        }
        for entry in first {
            counts.entry(place(entry)).or_insert(1);
        }
        let mut refused: Vec<Refused> = counts.into_iter().map(|(entry, count)| Refused::new(entry, count)).collect();
        refused.sort_by(|left, right| right.count.cmp(&left.count).then_with(|| left.asked.cmp(&right.asked)));
        let more = refused.len().saturating_sub(KEPT_MAX);
        refused.truncate(KEPT_MAX);
        Self { refused, more }
    }

    pub fn is_empty(&self) -> bool {
        self.refused.is_empty()
    }

    /// The flags that would have let through what is shown and can be, ready to paste.
    pub fn flags(&self) -> Vec<String> {
        let mut flags: Vec<String> = Vec::new();
        for rule in self.refused.iter().take(SHOWN_MAX).filter_map(|refused| refused.allow.as_ref()) {
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
        for Refused { asked, reason, count, never_opened, .. } in self.refused.iter().take(SHOWN_MAX) {
            let times = if *count == 1 { String::new() } else { format!(" ({count} times)") };
            let never = if *never_opened { "; never opened" } else { "" };
            writeln!(f, "  {asked}{times}: {reason}{never}")?;
        }
        if let more @ 1.. = self.more + self.refused.len().saturating_sub(SHOWN_MAX) {
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
        let entry = |decision, asked: &str, remedy, reason: &str| Entry {
            decision,
            asked: asked.into(),
            address: None,
            remedy,
            reason: reason.into(),
        };
        let allow = |rule: &str| Some(Remedy::Allow(rule.to_owned()));
        let private = || entry(Decision::Refused, "db.corp:5432", allow("db.corp:5432"), "private address");
        let entries = [
            private(),
            entry(Decision::Allowed, "github.com:443", None, "public address"),
            entry(Decision::Refused, "169.254.169.254:80", Some(Remedy::Never), "cloud metadata address"),
            private(),
            entry(Decision::Failed, "x.example:443", None, "refused"),
        ];
        let early = entry(Decision::Refused, "early.corp:80", allow("early.corp:80"), "private address");
        let first = [entries[0].clone(), early];
        let summary = Summary::of(entries.into_iter(), first.into_iter());
        assert_eq!(
            summary.to_string(),
            "the network refused:\n  db.corp:5432 (2 times): private address\n  \
             169.254.169.254:80: cloud metadata address; never opened\n  early.corp:80: private address\n\
             these flags would have let it through: --allow db.corp:5432 --allow early.corp:80\n"
        );
        assert_eq!(summary.flags(), ["--allow db.corp:5432", "--allow early.corp:80"]);
        assert_eq!(Summary::default().to_string(), "");
    }

    #[test]
    fn a_log_of_an_older_bn_is_summed_up_in_its_own_words() {
        let line =
            "2026-11-26T14:00:00Z refused db.corp:5432 10.0.0.1 private address; open it with --allow db.corp:5432";
        let entry = Entry::parse(line).map(|(_, entry)| entry);
        let summary = Summary::of(entry.into_iter(), std::iter::empty());
        assert_eq!(
            summary.to_string(),
            "the network refused:\n  db.corp:5432: private address; open it with --allow db.corp:5432\n"
        );
    }

    #[test]
    fn a_flood_of_refusals_makes_no_flood_of_words() {
        let refused = |number| Entry {
            decision: Decision::Refused,
            asked: format!("{number}.corp:80"),
            address: None,
            remedy: Some(Remedy::Allow(format!("{number}.corp:80"))),
            reason: "private address".to_owned(),
        };
        let summary = Summary::of((0..5000).map(refused), std::iter::empty());
        assert_eq!((summary.refused.len(), summary.more), (KEPT_MAX, 4000));
        let text = summary.to_string();
        assert!(text.contains("\n  and 4980 more\n") && text.matches("--allow").count() == SHOWN_MAX, "{text}");
    }
}
