//! One connection: a line in, a line out.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::data_dir::IN_CONTAINER;
use crate::error::{Explain, FAILED};
use crate::failpoint::{self, Point};
use crate::graph::door::dispatch::{self, Failed};
use crate::graph::door::memory;
use crate::graph::door::protocol::{EXPORT, Head, PROGRAM, Question, REQUEST_MAX, VERSION};
use crate::graph::door::semaphore::Permit;
use crate::graph::door::shared::Shared;
use crate::graph::door::spool::Spool;
use crate::graph::error::GraphError;
use crate::graph::model::session::Actor;
use crate::graph::model::text::line;
use crate::graph::remote_error::RemoteError;
use crate::graph::requests::At;
use crate::graph::store::Store;

/// What a client gets to send its request whole.
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// What it gets to take the next piece of its answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// What it gets to take all of it.
const ANSWER_TIME_WHOLE: Duration = Duration::from_secs(300);
/// A request may be as long without waiting for others that are long.
const SHORT: usize = 32 << 10;
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(60);

/// Serves one request. Whatever the client does, the others do not notice.
pub fn serve(shared: &Shared, mut stream: UnixStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(ANSWER_TIME))?;
    let (answer, text) = match read(shared, &mut stream)? {
        Asked::Line(line, long) => {
            failpoint::reached(Point::RequestRead);
            let answer = answer(shared, &line, &|| is_gone(&stream));
            drop((line, long));
            answer
        }
        Asked::TooLong => {
            let message = format!("a request to the graph may have {} KiB", REQUEST_MAX >> 10);
            (said(shared, &invalid(message))?, None)
        }
        Asked::Nothing => return Ok(()),
    };
    let mut client = Patient { stream, until: Instant::now() + ANSWER_TIME_WHOLE };
    answer.send(&mut client)?;
    text.map_or(Ok(()), |text| text.send(&mut client))?;
    failpoint::reached(Point::AnswerSent);
    Ok(())
}

/// Whether the client has closed its connection. One that only writes no more still waits for its answer.
fn is_gone(stream: &UnixStream) -> bool {
    let mut fds = [PollFd::new(stream, PollFlags::empty())];
    poll(&mut fds, Some(&Timespec::default())).is_ok() && fds[0].revents().contains(PollFlags::HUP)
}

enum Asked {
    Line(Vec<u8>, Option<Permit>),
    TooLong,
    /// It went away, or took too long, before its line was whole.
    Nothing,
}

fn read(shared: &Shared, stream: &mut UnixStream) -> io::Result<Asked> {
    let deadline = Instant::now() + REQUEST_TIME;
    let mut piece = [0; 8 << 10];
    let (mut all, mut long) = (Vec::new(), None);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Asked::Nothing);
        }
        stream.set_read_timeout(Some(left))?;
        let length = match stream.read(&mut piece) {
            Ok(0) => return Ok(Asked::Nothing),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(Asked::Nothing),
        };
        if let Some(end) = piece[..length].iter().position(|byte| *byte == b'\n') {
            all.extend_from_slice(&piece[..end]);
            return Ok(if all.len() > REQUEST_MAX { Asked::TooLong } else { Asked::Line(all, long) });
        }
        all.extend_from_slice(&piece[..length]);
        if all.len() > REQUEST_MAX {
            return Ok(Asked::TooLong);
        }
        if all.len() > SHORT && long.is_none() {
            long = shared.long_requests.acquire(left);
            if long.is_none() {
                return Ok(Asked::Nothing);
            }
        }
    }
}

/// The line that answers, and the text that follows it.
fn answer(shared: &Shared, asked: &[u8], is_gone: &dyn Fn() -> bool) -> (Spool, Option<Spool>) {
    let done = carry_out(shared, asked, is_gone);
    // What failed may have been large until then.
    if asked.len() > SHORT || !done.as_ref().is_ok_and(|(line, text)| !line.is_on_disk() && text.is_none()) {
        memory::trim();
    }
    done.unwrap_or_else(|error| {
        let error = error.replace(&shared.spec.site.folder().to_string_lossy(), IN_CONTAINER);
        // What is said in a few words always has room.
        (said_told(shared, &error).unwrap_or_else(|_| shared.spool()), None)
    })
}

fn carry_out(shared: &Shared, asked: &[u8], is_gone: &dyn Fn() -> bool) -> Result<(Spool, Option<Spool>), RemoteError> {
    let tell = |error: GraphError| RemoteError::of(&error);
    let text = std::str::from_utf8(asked).map_err(|_| tell(invalid("the request is not UTF-8".to_owned())))?;
    let garbage = |error: serde_json::Error| tell(invalid(format!("the request is no line of the protocol: {error}")));
    let head: Head = serde_json::from_str(text).map_err(garbage)?;
    let here = line(&head.bn, 40);
    let other =
        |detail: String| tell(GraphError::OtherVersion { host: PROGRAM.to_owned(), here: here.clone(), detail });
    if head.v != VERSION {
        return Err(other(format!("the first knows version {VERSION} of the protocol, the other speaks {}", head.v)));
    }
    let question: Question =
        serde_json::from_str(text).map_err(|error| other(format!("a part of the request: {error}")))?;
    let _open = shared.still_open().ok_or_else(|| tell(invalid("this run is ending".to_owned())))?;
    let _turn = shared.turns.acquire(TURN).ok_or_else(|| tell(busy(shared)))?;
    let actor = speaker(&shared.spec.actor, question.label.as_deref(), question.agent_type.as_deref());
    let work = |store: &Store| {
        let at = At { store, actor: &actor, now: (shared.spec.clock)() };
        if question.name == EXPORT { export(shared, &at, is_gone) } else { one(shared, &question, &at, is_gone) }
    };
    let failed = |done: &Result<_, Failed>| matches!(done, Err(Failed::Refused(error)) if error.exit_code() == FAILED);
    let done = shared.with_store(work, failed).map_err(tell)?;
    done.map_err(|failed| match failed {
        Failed::Refused(error) => tell(error),
        Failed::Unknown(what) => other(format!("the first does not know {what}")),
        Failed::Write(error) => tell(invalid(format!("the answer cannot be kept until it is read: {error}"))),
        Failed::Unheard => tell(invalid("nobody waits for the answer".to_owned())),
    })
}

fn one(
    shared: &Shared,
    question: &Question,
    at: &At,
    is_gone: &dyn Fn() -> bool,
) -> Result<(Spool, Option<Spool>), Failed> {
    let mut to = shared.spool();
    begin(&mut to).and_then(|()| to.write_all(b"\"ok\":")).map_err(Failed::Write)?;
    dispatch::perform(question, at, &mut to, is_gone)?;
    end(&mut to, at.store, 0).map_err(Failed::Write)?;
    Ok((to, None))
}

/// As much as there is, and little of it in memory.
fn export(shared: &Shared, at: &At, is_gone: &dyn Fn() -> bool) -> Result<(Spool, Option<Spool>), Failed> {
    if is_gone() {
        return Err(Failed::Unheard);
    }
    let (mut text, mut to) = (shared.spool(), shared.spool());
    let counts = at.store.read_all(|reader| reader.export(&mut text)).map_err(Failed::Refused)?;
    begin(&mut to).and_then(|()| to.write_all(b"\"ok\":")).map_err(Failed::Write)?;
    serde_json::to_writer(&mut to, &counts).map_err(|error| Failed::Write(error.into()))?;
    end(&mut to, at.store, text.len()).map_err(Failed::Write)?;
    Ok((to, Some(text)))
}

fn begin(to: &mut Spool) -> io::Result<()> {
    write!(to, "{{\"v\":{VERSION},\"bn\":\"{PROGRAM}\",")
}

fn end(to: &mut Spool, store: &Store, follows: u64) -> io::Result<()> {
    let unread = store.unread();
    if !unread.is_empty() {
        to.write_all(b",\"unread\":")?;
        serde_json::to_writer(&mut *to, &unread)?;
    }
    if follows > 0 {
        write!(to, ",\"follows\":{follows}")?;
    }
    to.write_all(b"}\n")
}

fn said(shared: &Shared, error: &GraphError) -> io::Result<Spool> {
    said_told(shared, &RemoteError::of(error))
}

fn said_told(shared: &Shared, error: &RemoteError) -> io::Result<Spool> {
    let mut to = shared.spool();
    begin(&mut to)?;
    to.write_all(b"\"error\":")?;
    serde_json::to_writer(&mut to, error)?;
    to.write_all(b"}\n")?;
    Ok(to)
}

fn invalid(message: String) -> GraphError {
    GraphError::Invalid(message)
}

fn busy(shared: &Shared) -> GraphError {
    GraphError::Busy { path: shared.spec.site.folder().to_owned(), seconds: TURN.as_secs() }
}

/// The one who speaks, as the owner knows it. What the client calls itself is a label.
fn speaker(known: &Actor, label: Option<&str>, agent_type: Option<&str>) -> Actor {
    let label = label.map(|label| line(label, 40)).filter(|label| *label != known.name && !label.is_empty());
    let agent_type = agent_type.map(|word| line(word, 20));
    Actor { label, agent_type: agent_type.or_else(|| known.agent_type.clone()), ..known.clone() }
}

/// A client that takes its answer slowly, and not for ever.
struct Patient {
    stream: UnixStream,
    until: Instant,
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if Instant::now() > self.until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let written = self.stream.write(bytes);
        failpoint::reached(Point::AnswerBegun);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Shutdown;

    use super::*;

    #[test]
    fn a_client_that_only_writes_no_more_has_not_gone() {
        let (client, stream) = UnixStream::pair().unwrap();
        assert!(!is_gone(&stream));
        (&client).write_all(b"asked\n").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert!(!is_gone(&stream));
        drop(client);
        assert!(is_gone(&stream));
    }
}
