//! How often models were asked during a run, and how many tokens their answers say they used.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::egress::model::scan::Scan;

/// The file's name, in the folder of the run's sockets and later in the run's own.
pub const FILE: &str = "models.json";

/// What one model was asked, as far as its answers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub requests: u64,
    /// Those that came from a cache included.
    pub input_tokens: u64,
    pub output_tokens: u64,
}

impl Count {
    fn add(&mut self, more: Count) {
        self.requests = self.requests.saturating_add(more.requests);
        self.input_tokens = self.input_tokens.saturating_add(more.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(more.output_tokens);
    }
}

/// By the name of the endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<String, Count>);

impl Counts {
    /// Nothing where no model was asked.
    pub fn read(folder: &Path) -> io::Result<Self> {
        match fs::read(folder.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        }
    }
}

/// One part of a line.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, count)) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            let times =
                if count.requests == 1 { "1 request".to_owned() } else { format!("{} requests", count.requests) };
            let (input, output) = (short(count.input_tokens), short(count.output_tokens));
            write!(f, "{comma}{name}: {times}, {input} tokens in, {output} out")?;
        }
        Ok(())
    }
}

impl Counts {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Exact as far as anybody reads it.
fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}k", count / 1000),
        _ => format!("{}M", count / 1_000_000),
    }
}

/// Counts as the proxy goes on, in a file.
#[derive(Debug)]
pub struct Tally {
    folder: PathBuf,
    counts: Mutex<Counts>,
}

impl Tally {
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), counts: Mutex::default() }
    }

    /// Counts a request, and gives what reads its answer.
    pub fn asked(self: &Arc<Self>, name: &str) -> Reading {
        self.add(name, Count { requests: 1, ..Count::default() });
        Reading { tally: Arc::clone(self), name: name.to_owned(), scan: Mutex::new(Scan::new(false)) }
    }

    fn add(&self, name: &str, more: Count) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.0.entry(name.to_owned()).or_default().add(more);
        // What cannot be written is counted all the same, and written with what comes next.
        let _ = write(&self.folder, &counts);
    }
}

fn write(folder: &Path, counts: &Counts) -> io::Result<()> {
    let (path, beside) = (folder.join(FILE), folder.join("models.json.new"));
    fs::write(&beside, serde_json::to_vec(counts)?)?;
    fs::rename(beside, path)
}

/// An answer that is read as it passes. It is counted when this is dropped, however it ended.
#[derive(Debug)]
pub struct Reading {
    tally: Arc<Tally>,
    name: String,
    scan: Mutex<Scan>,
}

impl Reading {
    pub fn see(&self, bytes: &[u8]) {
        self.scan.lock().unwrap_or_else(PoisonError::into_inner).see(bytes);
    }

    /// From here on the connection carries many answers.
    pub fn switch(&self) {
        *self.scan.lock().unwrap_or_else(PoisonError::into_inner) = Scan::new(true);
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let used = self.scan.lock().unwrap_or_else(PoisonError::into_inner).used();
        if used.input > 0 || used.output > 0 {
            self.tally.add(&self.name, Count { requests: 0, input_tokens: used.input, output_tokens: used.output });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_tokens_add_up_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Counts::read(folder.path()).unwrap().is_empty());
        let tally = Arc::new(Tally::new(folder.path()));
        for _ in 0..2 {
            tally.asked("anthropic").see(br#"{"usage":{"input_tokens":12000,"output_tokens":3}}"#);
        }
        drop(tally.asked("openai"));
        let said = Counts::read(folder.path()).unwrap().to_string();
        assert_eq!(said, "anthropic: 2 requests, 24k tokens in, 6 out, openai: 1 request, 0 tokens in, 0 out");
    }
}
