//! Says at once which hosts the network refuses, in a thread of its own.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::egress::log::{self, Entry};
use crate::egress::news::News;
use crate::output::Output;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::RunSpec;
use crate::run::watch::proxy;

/// How often the log is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// What is new about a run's refusals.
pub fn news(spec: &RunSpec, run: &Folder) -> News {
    News::new(folders(spec, run))
}

/// The first refusal of each host, first come first.
pub fn first(spec: &RunSpec, run: &Folder) -> io::Result<Vec<Entry>> {
    let mut known = HashSet::new();
    for folder in folders(spec, run) {
        let refused = log::refusals(&folder)?;
        if !refused.is_empty() {
            let hosts = refused.into_iter().map(|(_, entry)| entry).filter(|entry| !entry.names_no_host());
            return Ok(hosts.filter(|entry| known.insert(entry.asked.clone())).collect());
        }
    }
    Ok(Vec::new())
}

/// Where the log is while the run is on, and where it is kept. The runtime folder goes with the login for which it was made: what is
/// in its place may be closed to its user.
fn folders(spec: &RunSpec, run: &Folder) -> Vec<PathBuf> {
    let live = proxy::folder(&spec.runtime);
    let is_closed = fs::metadata(&live).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
    let live = (!is_closed).then_some(live);
    live.into_iter().chain([run.path().to_owned()]).collect()
}

/// Says what is new until this goes.
#[derive(Debug)]
pub struct Announcer {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Announcer {
    pub fn start(mut news: News, run: &str, output: Output) -> io::Result<Self> {
        let (end, ended) = channel();
        let run = run.to_owned();
        let announce = move || {
            loop {
                // Asked before looking: what came before the end is said, too.
                let last = ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Disconnected);
                // A log that cannot be read is told of at the end of the run.
                for refusal in news.look().unwrap_or_default() {
                    output.note(refusal.in_run(&run));
                }
                if last {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("refusals".to_owned()).spawn(announce)?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        // Dropping the sender is the signal. A thread that panicked has said so.
        drop(self.end.take());
        self.thread.take().map(JoinHandle::join);
    }
}
