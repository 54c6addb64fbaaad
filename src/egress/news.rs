//! The hosts that were refused, each told once, while the run goes on.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use crate::egress::log::{Entry, REFUSED, Remedy};

/// So many hosts are named as they come: a program that asks for thousands must not flood the screen.
const NAMED_MAX: usize = 10;

/// Something that the user should hear at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Host(Entry),
    /// More hosts than are named.
    More,
}

impl Refusal {
    /// What happened, and what to type in a run of this name.
    pub fn in_run(&self, run: &str) -> impl fmt::Display {
        let Refusal::Host(Entry { asked, reason, remedy, .. }) = self else {
            return "the network refuses still more hosts: bn container list says how many".to_owned();
        };
        match remedy {
            Some(Remedy::Allow(rule)) => {
                format!("the network refused {asked}: {reason}; to open it: bn container allow {run} {rule}")
            }
            Some(Remedy::Never) => format!("the network refused {asked}: {reason}; no rule opens it"),
            None => format!("the network refused {asked}: {reason}"),
        }
    }
}

/// What is new in the log of refusals, from one look to the next.
#[derive(Debug)]
pub struct News {
    /// Where the log is, and where it goes when the run ends.
    folders: Vec<PathBuf>,
    /// Bytes that were looked at.
    read: u64,
    told: HashSet<String>,
}

impl News {
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, read: 0, told: HashSet::new() }
    }

    /// The hosts that were not refused before the last look.
    pub fn look(&mut self) -> io::Result<Vec<Refusal>> {
        let lines = self.whole_lines()?;
        let mut news = Vec::new();
        for (_, entry) in lines.lines().filter_map(Entry::parse) {
            if self.told.len() > NAMED_MAX || entry.names_no_host() || !self.told.insert(entry.asked.clone()) {
                continue;
            }
            news.push(if self.told.len() > NAMED_MAX { Refusal::More } else { Refusal::Host(entry) });
        }
        Ok(news)
    }

    /// What was added since. A line that is being written comes with the next look.
    fn whole_lines(&mut self) -> io::Result<String> {
        let mut text = Vec::new();
        for folder in &self.folders {
            match File::open(folder.join(REFUSED)) {
                Ok(mut log) => {
                    log.seek(SeekFrom::Start(self.read))?;
                    log.read_to_end(&mut text)?;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        text.truncate(text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        self.read += text.len() as u64;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::log::{Decision, Log};

    fn refused(asked: &str, address: Option<&str>, remedy: Option<Remedy>) -> Entry {
        let address = address.map(|address| address.parse().unwrap());
        Entry {
            decision: Decision::Refused,
            asked: asked.to_owned(),
            address,
            remedy,
            reason: "private address".to_owned(),
        }
    }

    #[test]
    fn each_host_is_told_once_and_a_flood_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut news = News::new(vec![folder.path().join("nowhere"), folder.path().to_owned()]);
        assert_eq!(news.look().unwrap(), []);
        let log = Log::open(folder.path()).unwrap();
        let add = |entry: &Entry| log.add(chrono::DateTime::UNIX_EPOCH, entry);
        let first = refused("db.corp:5432", Some("10.0.0.1"), Some(Remedy::Allow("db.corp:5432".to_owned())));
        for _ in 0..3000 {
            add(&first);
        }
        add(&refused("db.corp:5432", Some("10.0.0.2"), None));
        add(&refused("-", None, None));
        let never = refused("169.254.169.254:80", None, Some(Remedy::Never));
        add(&never);
        assert_eq!(news.look().unwrap(), [Refusal::Host(first.clone()), Refusal::Host(never.clone())]);
        assert_eq!(news.look().unwrap(), []);
        assert_eq!(
            Refusal::Host(first).in_run("job").to_string(),
            "the network refused db.corp:5432: private address; to open it: bn container allow job db.corp:5432"
        );
        assert!(Refusal::Host(never).in_run("job").to_string().ends_with("private address; no rule opens it"));
        for number in 0..500 {
            add(&refused(&format!("{number}.corp:1"), None, None));
        }
        let flood = news.look().unwrap();
        assert_eq!((flood.len(), flood.last()), (9, Some(&Refusal::More)));
        add(&refused("late.corp:1", None, None));
        assert_eq!(news.look().unwrap(), []);
    }

    #[test]
    fn half_a_line_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(REFUSED);
        let line = "2026-11-26T14:00:00Z refused db.corp:80 - allow=none never\n";
        let mut news = News::new(vec![folder.path().to_owned()]);
        std::fs::write(&file, &line[..30]).unwrap();
        assert_eq!(news.look().unwrap(), []);
        std::fs::write(&file, line).unwrap();
        assert_eq!(news.look().unwrap().len(), 1);
    }
}
