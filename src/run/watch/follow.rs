//! Passes on what an agent prints while it prints it, in a thread of its own: a slow reader holds up nothing
//! else, and an agent that never stops talking neither.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::output::Stranger;
use crate::transcript::Transcript;

/// How often the log is looked at.
const EVERY: Duration = Duration::from_millis(50);
const BLOCK: usize = 64 << 10;

/// How long what comes after the agent's words waits for them.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Follows one log.
#[derive(Debug)]
pub struct Follower {
    /// Who wants to know that all is passed on.
    asks: Sender<Sender<()>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Follower {
    /// With a transcript, what people read of a stream is passed on, and not the stream.
    pub fn start(log: &Path, output: Stranger, transcript: Option<Transcript>) -> io::Result<Self> {
        let log = File::open(log)?;
        let (asks, asked) = channel();
        let thread = std::thread::Builder::new()
            .name("follow".to_owned())
            .spawn(move || follow(log, &asked, output, transcript))?;
        Ok(Self { asks, thread })
    }

    /// Returns when all that is in the log by now is passed on, its last line ended, and soon in any case.
    pub fn catch_up(&self) {
        let (done, caught_up) = channel();
        // A thread that has ended has passed on what it could.
        if self.asks.send(done).is_ok() {
            let _ = caught_up.recv_timeout(TIMEOUT);
        }
    }

    /// Nobody writes any more. Returns when all is passed on, or could not be.
    pub fn finish(self) -> io::Result<()> {
        drop(self.asks);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that passed it on died")))
    }
}

fn follow(
    mut log: File,
    asked: &Receiver<Sender<()>>,
    mut output: Stranger,
    mut transcript: Option<Transcript>,
) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        // Asked before reading: what was written before is then read too.
        let asks = asked.recv_timeout(EVERY);
        loop {
            match log.read(&mut block)? {
                0 => break,
                count => match &mut transcript {
                    Some(transcript) => output.write(&transcript.read(&block[..count]))?,
                    None => output.write(&block[..count])?,
                },
            }
        }
        if !matches!(asks, Err(RecvTimeoutError::Timeout)) {
            transcript.as_mut().map_or(Ok(()), |transcript| output.write(&transcript.end()))?;
            output.end()?;
        }
        if matches!(asks, Err(RecvTimeoutError::Disconnected)) {
            return Ok(());
        }
    }
}
