//! Rules that are added to a run that is going on, through a file that only the host can write.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::egress::policy::Policy;
use crate::egress::reloaded::Reloaded;
use crate::egress::rule::RuleError;
use crate::error::Explain;

#[derive(Debug, thiserror::Error)]
pub enum LiveRulesError {
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error("cannot write the run's rules at {path}")]
    File { path: PathBuf, source: io::Error },
}

impl Explain for LiveRulesError {
    fn hints(&self) -> Vec<String> {
        match self {
            LiveRulesError::Rule(error) => error.hints(),
            LiveRulesError::File { .. } => Vec::new(),
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            LiveRulesError::Rule(error) => error.exit_code(),
            LiveRulesError::File { .. } => crate::error::FAILED,
        }
    }
}

/// Adds rules to the file of a live run, whose policy at the start was `policy`. The proxy goes by them at once.
pub fn add(file: &Path, policy: &Policy, rules: &[String]) -> Result<(), LiveRulesError> {
    policy.with_rules(rules)?;
    let failed = |source| LiveRulesError::File { path: file.to_owned(), source };
    // One write of whole lines to the end: two of these at once lose nothing.
    let lines: String = rules.iter().map(|rule| format!("{rule}\n")).collect();
    let mut open = std::fs::OpenOptions::new().create(true).append(true).open(file).map_err(failed)?;
    open.write_all(lines.as_bytes()).map_err(failed)
}

/// The lines of the file, and the policy that they make.
type Loaded = (Arc<Vec<String>>, Arc<Policy>);

/// The policy of a run as it is at this moment.
pub struct LivePolicy {
    base: Arc<Policy>,
    more: Reloaded<Vec<String>>,
    last: Mutex<Option<Loaded>>,
}

impl LivePolicy {
    pub fn new(base: Policy, file: &Path) -> Self {
        let more = Reloaded::new(file, whole_lines);
        Self { base: Arc::new(base), more, last: Mutex::new(None) }
    }

    /// A line that is no rule, which only a hand can have written there, opens nothing.
    pub fn now(&self) -> Arc<Policy> {
        let more = self.more.get();
        if more.is_empty() {
            return Arc::clone(&self.base);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((seen, policy)) if Arc::ptr_eq(seen, &more) => Arc::clone(policy),
            _ => {
                let add =
                    |policy: Policy, rule: &String| policy.with_rules(std::slice::from_ref(rule)).unwrap_or(policy);
                let policy = Arc::new(more.iter().fold(Policy::clone(&self.base), add));
                *last = Some((more, Arc::clone(&policy)));
                policy
            }
        }
    }
}

/// What is written at this moment may end in half a rule.
fn whole_lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::host::Authority;

    #[test]
    fn a_live_policy_follows_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules");
        let live = LivePolicy::new(Policy::default(), &file);
        let asked = Authority::parse("10.0.0.7:80", None).unwrap();
        assert!(live.now().admit(&asked).is_err());
        add(&file, &Policy::default(), &["10.0.0.7:80".into(), "localhost:5432".into()]).unwrap();
        live.now().admit(&asked).unwrap();
        assert_eq!(live.now().loopback_ports(), [5432]);
        let error = add(&file, &Policy::default(), &["169.254.169.254".into()]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        std::fs::write(&file, "nonsense here\n*\n10.0.0.7:80\nlocalhost:54").unwrap();
        live.now().admit(&asked).unwrap();
        assert!(live.now().loopback_ports().is_empty(), "half a line is no rule");
    }
}
