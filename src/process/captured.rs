//! What programs leave behind.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

use crate::output::progress;

/// How much of a program's standard error is kept: all of what a Go program says when it breaks down. Bytes.
const STDERR_KEPT: usize = 16 << 10;
/// More standard output than this is not kept, but an error. Bytes.
const MOST_OUTPUT: usize = 512 << 20;
/// So much is read at a time. A pipe holds no more.
const BLOCK: usize = 64 << 10;
/// So many bytes a pipe takes at once, if it takes any.
const ALWAYS_FITS: usize = 4096;

/// What a program that ran to its end left behind.
#[derive(Clone, Debug)]
pub struct Captured {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    /// The last of it.
    pub stderr: String,
}

/// What a program that the user watched left behind.
#[derive(Debug)]
pub struct Watched {
    pub status: ExitStatus,
    /// The last of both its outputs.
    pub said: String,
}

impl Captured {
    /// Standard output as text, without the line end.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }

    pub fn success(&self) -> bool {
        self.status.success()
    }
}

/// The exit code as a shell would give it: 128 + n for a signal.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Feeds a program, and keeps what it says, until it has ended.
pub(super) fn collect(child: &mut Child, input: &[u8]) -> io::Result<Captured> {
    let mut streams = Streams::of(child, input);
    while streams.are_open() {
        streams.serve()?;
    }
    let stderr = String::from_utf8_lossy(&streams.complaint).into_owned();
    Ok(Captured { status: child.wait()?, stdout: streams.output, stderr })
}

/// The streams of a program. They are served by this thread: a user who may start no thread more is told so by whoever starts the program.
struct Streams<'a> {
    stdin: Option<ChildStdin>,
    input: &'a [u8],
    stdout: Option<ChildStdout>,
    output: Vec<u8>,
    stderr: Option<ChildStderr>,
    /// The last of what came on standard error.
    complaint: Vec<u8>,
}

impl<'a> Streams<'a> {
    fn of(child: &mut Child, input: &'a [u8]) -> Self {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        Self { stdin, input, stdout, output: Vec::new(), stderr, complaint: Vec::new() }
    }

    fn are_open(&self) -> bool {
        self.stdin.is_some() || self.stdout.is_some() || self.stderr.is_some()
    }

    /// Waits until something can be done, and does it.
    fn serve(&mut self) -> io::Result<()> {
        let [takes, speaks, complains] = self.ready()?;
        if takes {
            self.feed()?;
        }
        if speaks {
            take(&mut self.stdout, &mut self.output)?;
            if self.output.len() > MOST_OUTPUT {
                return Err(io::Error::other(format!("it wrote more than {MOST_OUTPUT} bytes")));
            }
        }
        if complains {
            take(&mut self.stderr, &mut self.complaint)?;
            let surplus = self.complaint.len().saturating_sub(STDERR_KEPT);
            self.complaint.drain(..surplus);
        }
        Ok(())
    }

    /// Which of the three would not block, or are at their end.
    fn ready(&self) -> io::Result<[bool; 3]> {
        let wanted = [
            self.stdin.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::OUT)),
            self.stdout.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)),
            self.stderr.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)),
        ];
        let open = wanted.each_ref().map(Option::is_some);
        let mut fds: Vec<_> = wanted.into_iter().flatten().collect();
        poll_patiently(&mut fds)?;
        let mut answers = fds.iter().map(|fd| !fd.revents().is_empty());
        Ok(open.map(|open| open && answers.next().unwrap_or(false)))
    }

    fn feed(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.stdin else { return Ok(()) };
        let (next, _) = self.input.split_at(self.input.len().min(ALWAYS_FITS));
        match pipe.write(next) {
            Ok(count) => self.input = &self.input[count..],
            // A program may end before it has read everything; its exit code tells the story.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.input = &[],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if self.input.is_empty() {
            self.stdin = None;
        }
        Ok(())
    }
}

/// Waits until one of them is ready, or until there is something to show to whoever waits, too.
fn poll_patiently(fds: &mut [PollFd<'_>]) -> io::Result<usize> {
    let until = progress::tick()
        .map(|due| Timespec { tv_sec: due.as_secs().cast_signed(), tv_nsec: due.subsec_nanos().into() });
    Ok(retry_on_intr(|| poll(fds, until.as_ref()))?)
}

/// A pipe, for somebody who is shown that it takes a while.
pub(super) struct Patient<R>(pub R);

impl<R: Read + AsFd> Read for Patient<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while poll_patiently(&mut [PollFd::new(&self.0, PollFlags::IN)])? == 0 {}
        self.0.read(buffer)
    }
}

/// Reads what is there; at its end the pipe is closed.
fn take(pipe: &mut Option<impl Read>, to: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; BLOCK];
    match pipe.as_mut().map_or(Ok(0), |pipe| pipe.read(&mut buffer)) {
        Ok(0) => *pipe = None,
        Ok(count) => to.extend_from_slice(&buffer[..count]),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// How many bytes a program has written so far, where the kernel says it: to this user, of programs that are this user's.
pub fn bytes_written(number: u32) -> Option<u64> {
    let counts = std::fs::read_to_string(format!("/proc/{number}/io")).ok()?;
    counts.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok())
}

/// Reads to the end and keeps the last part.
pub fn tail(pipe: impl Read) -> io::Result<String> {
    pass_on(pipe, io::sink(), STDERR_KEPT)
}

/// Reads to the end, passes all of it on, and keeps the last `most` bytes. Where nobody takes it any more, it is read all the
/// same: the program goes on.
pub(super) fn pass_on(mut pipe: impl Read, mut to: impl Write, most: usize) -> io::Result<String> {
    let mut kept = Vec::new();
    let mut buffer = [0; STDERR_KEPT];
    let mut taken = true;
    loop {
        let count = pipe.read(&mut buffer)?;
        if count == 0 {
            return Ok(String::from_utf8_lossy(&kept).into_owned());
        }
        taken = taken && to.write_all(&buffer[..count]).is_ok();
        kept.extend_from_slice(&buffer[..count]);
        let surplus = kept.len().saturating_sub(most);
        kept.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Explain;
    use crate::process::{Cmd, ProcessError, Runner};

    #[test]
    fn a_program_is_fed_while_it_speaks_on_both_streams() {
        let input = vec![b'x'; 1 << 20];
        let cmd = Cmd::new("sh").args(["-c", "tee /dev/stderr; exit 3"]);
        let captured = Runner::ordinary().capture_with_input(&cmd, &input).unwrap();
        assert_eq!((captured.stdout.len(), captured.stderr.len()), (input.len(), super::STDERR_KEPT));
        assert_eq!(captured.status.code(), Some(3));
    }

    #[test]
    fn a_program_that_may_start_no_thread_is_told_from_one_that_failed() {
        let said = |text: &str| {
            let cmd = Cmd::new("sh").arg("-c").arg(format!("echo '{text}' >&2; seq 1000 >&2; exit 2"));
            Runner::ordinary().capture(&cmd)
        };
        let starved = said("runtime/cgo: pthread_create failed: Resource temporarily unavailable").unwrap_err();
        assert!(matches!(&starved, ProcessError::Start { program, .. } if program == "sh"), "{starved}");
        assert!(starved.hints()[0].contains("TasksMax"));
        assert_eq!(said("no").unwrap().status.code(), Some(2));
    }

    #[test]
    fn what_a_program_has_written_is_counted() {
        let own = super::bytes_written(std::process::id()).unwrap();
        std::fs::write("/dev/null", [0; 5000]).unwrap();
        assert!(super::bytes_written(std::process::id()).unwrap() >= own + 5000);
    }

    #[test]
    fn a_program_that_does_not_read_to_the_end_is_no_error() {
        let captured = Runner::ordinary().capture_with_input(&Cmd::new("head").arg("-c3"), &[b'x'; 1 << 20]).unwrap();
        assert_eq!((captured.text().as_str(), captured.success()), ("xxx", true));
    }
}
