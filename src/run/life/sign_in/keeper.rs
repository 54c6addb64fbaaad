//! Watches an agent's copy of its sign-in, and what is kept, for as long as the run goes on.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::output::Output;
use crate::run::life::sign_in::Share;

/// How often it is seen whether the agent has renewed anything, and how often all is looked at.
const EVERY: Duration = Duration::from_millis(200);
const AT_LEAST_EVERY: Duration = Duration::from_secs(2);

/// A thread that looks at both ends. It ends with this value.
#[derive(Debug)]
pub struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub fn start(share: Share, output: Output) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("sign-in".to_owned()).spawn(move || keep(&share, &stopped, output))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A thread that panicked has said so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn keep(share: &Share, stopped: &Receiver<()>, output: Output) {
    let (mut copy, mut before, mut looked, mut failed) = (share.handed(), None, Instant::now(), false);
    while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        let now = share.fingerprints();
        if before.as_ref() == Some(&now) && looked.elapsed() < AT_LEAST_EVERY {
            continue;
        }
        (before, looked) = (Some(now), Instant::now());
        if let Err(error) = share.look(&mut copy)
            && !std::mem::replace(&mut failed, true)
        {
            output.note(format_args!("what {} signs in with is not kept up to date: {error}", share.program()));
        }
    }
}
