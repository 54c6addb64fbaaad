//! A program that is asked more than once.
#![allow(clippy::disallowed_methods)]

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

use crate::process::running::lost;
use crate::process::{Cmd, ProcessError, Runner};

/// So much is written or read at a time. A pipe takes as much at once, if it takes any. Bytes.
const STEP: usize = 4096;
const BLOCK: usize = 64 << 10;

/// A program that waits for the next question. It ends when nobody has any.
#[derive(Debug)]
pub struct Conversation {
    cmd: Cmd,
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl Runner {
    /// Starts a program that answers on its standard output what it is asked on its standard input. `None` in a rehearsal.
    pub fn converse(&self, cmd: &Cmd) -> Result<Option<Conversation>, ProcessError> {
        if self.rehearses() {
            return Ok(None);
        }
        let mut child = self.start(cmd, |command| {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        })?;
        let streams = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = streams.ok_or_else(|| lost(cmd)(io::Error::other("it has no streams")))?;
        Ok(Some(Conversation { cmd: cmd.clone(), child, stdin, stdout }))
    }
}

impl Conversation {
    /// Asks, and returns the answer once `is_whole`. After an error there is nobody to ask any more.
    pub fn ask(
        &mut self,
        mut question: &[u8],
        limit: Duration,
        mut is_whole: impl FnMut(&[u8]) -> bool,
    ) -> Result<Vec<u8>, ProcessError> {
        let until = Instant::now() + limit;
        let mut answer = Vec::new();
        while !question.is_empty() || !is_whole(&answer) {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                self.child.kill().ok();
                return Err(ProcessError::Slow {
                    program: self.cmd.name(),
                    line: self.cmd.to_string(),
                    seconds: limit.as_secs(),
                });
            };
            self.step(&mut question, &mut answer, left).map_err(lost(&self.cmd))?;
        }
        Ok(answer)
    }

    fn step(&mut self, question: &mut &[u8], answer: &mut Vec<u8>, left: Duration) -> io::Result<()> {
        let speaks = PollFd::new(&self.stdout, PollFlags::IN);
        let takes = (!question.is_empty()).then(|| PollFd::new(&self.stdin, PollFlags::OUT));
        let mut fds: Vec<_> = [speaks].into_iter().chain(takes).collect();
        let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        retry_on_intr(|| poll(&mut fds, Some(&left)))?;
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready.get(1) == Some(&true) {
            let count = self.stdin.write(question.split_at(question.len().min(STEP)).0)?;
            *question = question.get(count..).unwrap_or_default();
        }
        if ready.first() == Some(&true) {
            let mut buffer = [0; BLOCK];
            match self.stdout.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            }
        }
        Ok(())
    }
}

impl Drop for Conversation {
    /// It may be in the middle of an answer that nobody waits for.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_asked_until_it_ends_or_takes_too_long() {
        let lines = |count: usize| move |answer: &[u8]| answer.iter().filter(|byte| **byte == b'\n').count() == count;
        let mut cat = Runner::ordinary().converse(&Cmd::new("cat")).unwrap().unwrap();
        let limit = Duration::from_secs(60);
        assert_eq!(cat.ask(b"a\nb\n", limit, lines(2)).unwrap(), b"a\nb\n");
        let long = [b"x".repeat(1 << 20), b"\n".to_vec()].concat();
        assert_eq!(cat.ask(&long, limit, lines(1)).unwrap(), long);
        assert!(matches!(cat.ask(b"", Duration::from_millis(50), lines(1)), Err(ProcessError::Slow { .. })));
        let mut head = Runner::ordinary().converse(&Cmd::new("head").arg("-n1")).unwrap().unwrap();
        assert!(matches!(head.ask(b"a\nb\n", limit, lines(2)), Err(ProcessError::Stream { .. })));
    }
}
