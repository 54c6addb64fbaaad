//! When a run printed what is in its log: beside the log the owner keeps a list of moments, and how long the log was at each.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::run::record::folder::Folder;

/// How often the log is looked at: so exact are the times.
const EVERY: Duration = Duration::from_millis(200);

/// Keeps the list, in a thread of its own, until it is told that nobody writes any more.
#[derive(Debug)]
pub struct Recorder {
    end: Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Recorder {
    pub fn start(folder: &Folder) -> io::Result<Self> {
        let log = File::open(folder.log())?;
        let list = OpenOptions::new().append(true).create(true).mode(0o600).open(folder.log_times())?;
        let (end, ended) = channel();
        let work = move || {
            let mut before = 0;
            loop {
                // Asked before looking: what was written before the end counts then, too.
                let last = ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Disconnected);
                let length = log.metadata()?.len();
                if length != before {
                    before = length;
                    writeln!(&list, "{} {length}", crate::env::now().timestamp_millis())?;
                }
                if last {
                    return Ok(());
                }
            }
        };
        let thread = std::thread::Builder::new().name("times".to_owned()).spawn(work)?;
        Ok(Self { end, thread })
    }

    /// Returns once all of the log is in the list, or why it is not.
    pub fn finish(self) -> io::Result<()> {
        drop(self.end);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that watched it died")))
    }
}

/// The list, as somebody reads it.
#[derive(Debug)]
pub struct Times {
    path: PathBuf,
    /// What was printed by when, and is no longer than this; in order.
    known: Vec<(DateTime<Utc>, u64)>,
}

impl Times {
    /// `None` where there is none: no agent ran, or an older `bn` ran it.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        match read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            known => Ok(Some(Self { path: path.to_owned(), known: known? })),
        }
    }

    /// Where in the log that begins which was printed since then. What is not in the list yet is as new as can be.
    pub fn offset(&self, since: DateTime<Utc>) -> u64 {
        let older = self.known.partition_point(|(time, _)| *time < since);
        older.checked_sub(1).map_or(0, |last| self.known[last].1)
    }

    /// When the byte at this place was printed, and up to where the same holds; `None` where that is not known yet.
    pub fn at(&mut self, offset: u64) -> io::Result<Option<(DateTime<Utc>, u64)>> {
        let find =
            |known: &[(DateTime<Utc>, u64)]| known.get(known.partition_point(|(_, end)| *end <= offset)).copied();
        if let Some(found) = find(&self.known) {
            return Ok(Some(found));
        }
        self.known = read(&self.path)?;
        Ok(find(&self.known))
    }
}

fn read(path: &Path) -> io::Result<Vec<(DateTime<Utc>, u64)>> {
    let parse = |line: &str| {
        let (millis, end) = line.split_once(' ')?;
        Some((DateTime::from_timestamp_millis(millis.parse().ok()?)?, end.parse().ok()?))
    };
    Ok(std::fs::read_to_string(path)?.lines().filter_map(parse).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_time_leads_to_a_place_in_the_log_and_a_place_to_a_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "10000 100\n20000 250\n").unwrap();
        let mut times = Times::read(file.path()).unwrap().unwrap();
        assert_eq!([5, 10, 11, 20, 21].map(|since| times.offset(at(since))), [0, 0, 100, 100, 250]);
        assert_eq!(times.at(0).unwrap(), Some((at(10), 100)));
        assert_eq!(times.at(100).unwrap(), Some((at(20), 250)));
        assert_eq!(times.at(250).unwrap(), None);
        std::fs::write(file.path(), "10000 100\n20000 250\n30000 251\nhalf a li").unwrap();
        assert_eq!(times.at(250).unwrap(), Some((at(30), 251)), "it grows");
    }

    #[test]
    fn all_of_a_log_is_in_the_list_when_it_ends() {
        let top = tempfile::tempdir().unwrap();
        let folder = Folder::new(top.path());
        std::fs::write(folder.log(), "before\n").unwrap();
        let recorder = Recorder::start(&folder).unwrap();
        std::fs::write(folder.log(), "before\nafter\n").unwrap();
        recorder.finish().unwrap();
        let mut times = Times::read(&folder.log_times()).unwrap().unwrap();
        assert!(times.at(12).unwrap().is_some());
        assert!(Times::read(&top.path().join("none")).unwrap().is_none());
    }
}
