//! What programs leave behind.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};

/// How much of a program's standard error an error message carries.
const STDERR_KEPT: usize = 4096;
/// More standard output than this is not kept, but an error. Bytes.
const MOST_OUTPUT: u64 = 512 << 20;

/// What a program that ran to its end left behind.
#[derive(Clone, Debug)]
pub struct Captured {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    /// The last few KiB.
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

pub(super) fn collect(child: &mut Child, input: &[u8]) -> io::Result<Captured> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| match stdin {
            Some(mut pipe) => match pipe.write_all(input) {
                // A program may end before it has read everything; its exit code tells the story.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                other => other,
            },
            None => Ok(()),
        });
        let errors = scope.spawn(|| stderr.map_or(Ok(String::new()), tail));
        let mut bytes = Vec::new();
        if let Some(pipe) = stdout {
            let length = pipe.take(MOST_OUTPUT + 1).read_to_end(&mut bytes)?;
            if length as u64 > MOST_OUTPUT {
                return Err(io::Error::other(format!("it wrote more than {MOST_OUTPUT} bytes")));
            }
        }
        let joined = |_| io::Error::other("a reader thread died");
        writer.join().map_err(joined)??;
        let stderr = errors.join().map_err(joined)??;
        Ok(Captured { status: child.wait()?, stdout: bytes, stderr })
    })
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
