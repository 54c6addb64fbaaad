//! The egress log: one line per decision, in a file of bounded size that the agent may read.
//!
//! `TIME DECISION HOST:PORT ADDRESS [allow=RULE] REASON`, where `allow=none` says that no rule opens it. Hosts and ports only:
//! paths, queries and header fields never get here.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};

/// The file's name in the folder that the container sees; `OLDER` holds what came before.
pub const FILE: &str = "egress.log";
const OLDER: &str = "egress.log.1";
/// What was refused, each once: no flood of later lines pushes a refusal out of this one.
pub(super) const REFUSED: &str = "refused.log";
/// All.
pub const FILES: [&str; 3] = [FILE, OLDER, REFUSED];
/// Different refusals that are kept for good.
const REFUSED_MAX: usize = 1000;
/// Two files of this many bytes at most.
const FILE_MAX: u64 = 2 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Allowed,
    Refused,
    /// Let through, but it did not answer.
    Failed,
}

impl Decision {
    const ALL: [Decision; 3] = [Decision::Allowed, Decision::Refused, Decision::Failed];

    fn word(self) -> &'static str {
        match self {
            Decision::Allowed => "allowed",
            Decision::Refused => "refused",
            Decision::Failed => "failed",
        }
    }
}

/// What would have let a refused request through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// `--allow RULE`
    Allow(String),
    /// No rule.
    Never,
}

/// Before the rule that would have helped.
const ALLOW: &str = "allow=";
/// In the place of a rule.
const NEVER: &str = "none";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub decision: Decision,
    /// `host:port`, or `-` where the request named none.
    pub asked: String,
    pub address: Option<IpAddr>,
    /// `None` where nothing was refused by a rule, and in a log of an older bn, whose reasons name it in words.
    pub remedy: Option<Remedy>,
    /// One line of words, for people.
    pub reason: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
        write!(f, "{} {} {address} ", self.decision.word(), self.asked)?;
        match &self.remedy {
            Some(Remedy::Allow(rule)) => write!(f, "{ALLOW}{rule} ")?,
            Some(Remedy::Never) => write!(f, "{ALLOW}{NEVER} ")?,
            None => {}
        }
        f.write_str(&self.reason)
    }
}

impl Entry {
    /// The request was none that names a host.
    pub fn names_no_host(&self) -> bool {
        self.asked == "-"
    }

    /// Reads a line of the file.
    pub fn parse(line: &str) -> Option<(DateTime<Utc>, Self)> {
        let mut words = line.splitn(5, ' ');
        let time = DateTime::parse_from_rfc3339(words.next()?).ok()?.to_utc();
        let word = words.next()?;
        let decision = Decision::ALL.into_iter().find(|decision| decision.word() == word)?;
        let (asked, address) = (words.next()?.to_owned(), words.next()?.parse().ok());
        let (remedy, reason) = remedy(words.next()?);
        Some((time, Self { decision, asked, address, remedy, reason: reason.to_owned() }))
    }
}

/// What stands before the reason, and the reason.
fn remedy(rest: &str) -> (Option<Remedy>, &str) {
    match rest.strip_prefix(ALLOW).and_then(|rest| rest.split_once(' ')) {
        Some((NEVER, reason)) => (Some(Remedy::Never), reason),
        Some((rule, reason)) => (Some(Remedy::Allow(rule.to_owned())), reason),
        None => (None, rest),
    }
}

/// The open log.
pub struct Log {
    folder: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    size: u64,
    refused: File,
    /// What stands in `refused`.
    known: HashSet<String>,
}

impl Log {
    pub fn open(folder: &Path) -> io::Result<Self> {
        let file = append(folder, FILE)?;
        let size = file.metadata()?.len();
        let open = Open { file, size, refused: append(folder, REFUSED)?, known: HashSet::new() };
        Ok(Self { folder: folder.to_owned(), open: Mutex::new(open) })
    }

    /// Adds a line. A log that cannot be written (a full disk) must not cut off the agent, so the line is dropped silently.
    pub fn add(&self, time: DateTime<Utc>, entry: &Entry) {
        let text = entry.to_string();
        let line = format!("{} {text}\n", time.to_rfc3339_opts(SecondsFormat::Secs, true));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if entry.decision == Decision::Refused && open.known.len() < REFUSED_MAX && open.known.insert(text) {
            drop(open.refused.write_all(line.as_bytes()));
        }
        if open.size + line.len() as u64 > FILE_MAX
            && fs::rename(self.folder.join(FILE), self.folder.join(OLDER)).is_ok()
            && let Ok(fresh) = append(&self.folder, FILE)
        {
            (open.file, open.size) = (fresh, 0);
        }
        if open.size + line.len() as u64 <= FILE_MAX && open.file.write_all(line.as_bytes()).is_ok() {
            open.size += line.len() as u64;
        }
    }
}

fn append(folder: &Path, name: &str) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o644).open(folder.join(name))
}

/// All entries that are still there, oldest first.
pub fn read(folder: &Path) -> io::Result<Vec<(DateTime<Utc>, Entry)>> {
    let mut entries = parse(folder, OLDER)?;
    entries.extend(parse(folder, FILE)?);
    Ok(entries)
}

/// The first of each of the refusals.
pub fn refusals(folder: &Path) -> io::Result<Vec<(DateTime<Utc>, Entry)>> {
    parse(folder, REFUSED)
}

fn parse(folder: &Path, name: &str) -> io::Result<Vec<(DateTime<Utc>, Entry)>> {
    match fs::read(folder.join(name)) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).lines().filter_map(Entry::parse).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(asked: &str) -> Entry {
        let remedy = Some(Remedy::Allow(asked.to_owned()));
        let (decision, asked, reason) = (Decision::Refused, asked.into(), "not on the allowlist".into());
        Entry { decision, asked, address: None, remedy, reason }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let time = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let with_address = Entry { address: Some("::1".parse().unwrap()), ..entry("[::1]:80") };
        let log = Log::open(folder.path()).unwrap();
        log.add(time, &entry("a.example:443"));
        log.add(time, &with_address);
        let never = Entry { remedy: Some(Remedy::Never), ..entry("169.254.169.254:80") };
        log.add(time, &never);
        let allowed = Entry { decision: Decision::Allowed, remedy: None, ..entry("b.example:443") };
        log.add(time, &allowed);
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(
            text.starts_with("2023-11-14T22:13:20Z refused a.example:443 - allow=a.example:443 not on the allowlist\n"),
            "{text}"
        );
        let written = [entry("a.example:443"), with_address, never, allowed].map(|entry| (time, entry));
        assert_eq!(read(folder.path()).unwrap(), written);
    }

    #[test]
    fn the_files_stay_small_whatever_is_logged() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(folder.path()).unwrap();
        for number in 0..60_000 {
            log.add(DateTime::UNIX_EPOCH, &entry(&format!("{number:0>60}.example:443")));
        }
        let size = |name| fs::metadata(folder.path().join(name)).unwrap().len();
        assert!(size(FILE) <= FILE_MAX && size(OLDER) <= FILE_MAX);
        let entries = read(folder.path()).unwrap();
        assert!(entries.last().unwrap().1.asked.contains("59999"));
        let refusals = refusals(folder.path()).unwrap();
        assert_eq!(refusals.len(), REFUSED_MAX);
        assert!(refusals[0].1.asked.starts_with("0000"), "the first of all is there still");
    }
}
