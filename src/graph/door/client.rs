//! The container's side of the door: sends requests to the owner of the run.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde_json::value::{RawValue, to_raw_value};

use crate::graph::door::protocol::{Answer, EXPORT, Head, PROGRAM, Question, REQUEST_MAX, VERSION, sent};
use crate::graph::error::GraphError;
use crate::graph::requests::Request;
use crate::graph::store::{Exported, Unread};

/// Where to ask, and what to call oneself.
#[derive(Clone, Debug)]
pub struct Client {
    pub socket: PathBuf,
    pub label: String,
    pub agent_type: Option<String>,
}

impl Client {
    /// Has a request carried out. Returns the rows that were left out, too.
    pub fn ask<R: Request>(&self, request: &R) -> Result<(R::Answer, Unread), GraphError> {
        let with = sent(request).and_then(|value| to_raw_value(&value));
        let with = with.map_err(|error| GraphError::Invalid(format!("this request cannot be sent: {error}")))?;
        let mut stream = self.send(R::NAME, &with)?;
        let line = read_line(&mut stream)?;
        let (ok, unread, _) = understand(&line)?;
        let answer = serde_json::from_str(ok.get()).map_err(|error| other_version(&line, &error))?;
        Ok((answer, unread))
    }

    /// Writes everything there is. A text that was cut off is an error.
    pub fn export(&self, to: &mut impl Write) -> Result<(Exported, Unread), GraphError> {
        let mut stream = self.send(EXPORT, &RawValue::from_string("{}".to_owned()).unwrap_or_default())?;
        let line = read_line(&mut stream)?;
        let (ok, unread, follows) = understand(&line)?;
        let counts = serde_json::from_str(ok.get()).map_err(|error| other_version(&line, &error))?;
        copy(&mut stream.take(follows), to, follows)?;
        Ok((counts, unread))
    }

    fn send(&self, name: &str, with: &RawValue) -> Result<BufReader<UnixStream>, GraphError> {
        let question = Question {
            v: VERSION,
            bn: PROGRAM.into(),
            name: name.into(),
            with,
            label: Some(self.label.clone()),
            agent_type: self.agent_type.clone(),
        };
        let mut line = serde_json::to_string(&question).unwrap_or_default();
        if line.len() > REQUEST_MAX {
            let message =
                format!("a request to the graph may have {} KiB, and this has {}", REQUEST_MAX >> 10, line.len() >> 10);
            return Err(GraphError::Invalid(message));
        }
        line.push('\n');
        let gone = |source| GraphError::OwnerGone { path: self.socket.clone(), source };
        let mut stream = UnixStream::connect(&self.socket).map_err(gone)?;
        match stream.write_all(line.as_bytes()) {
            // It may have answered before it had read all.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(gone(error)),
            _ => Ok(BufReader::new(stream)),
        }
    }
}

fn read_line(stream: &mut BufReader<UnixStream>) -> Result<String, GraphError> {
    let mut line = String::new();
    stream.read_line(&mut line).map_err(|source| GraphError::CutOff { source })?;
    match line.pop() {
        Some('\n') => Ok(line),
        _ => Err(GraphError::CutOff { source: io::ErrorKind::UnexpectedEof.into() }),
    }
}

fn understand(line: &str) -> Result<(&RawValue, Unread, u64), GraphError> {
    let head: Head = serde_json::from_str(line).map_err(|error| unknown_version("?", &error.to_string()))?;
    if head.v != VERSION {
        let detail = format!("the first speaks version {} of the protocol, the other knows {VERSION}", head.v);
        return Err(unknown_version(&head.bn, &detail));
    }
    let answer: Answer = serde_json::from_str(line).map_err(|error| other_version(line, &error))?;
    match (answer.ok, answer.error) {
        (_, Some(error)) => Err(error.into()),
        (Some(ok), None) => Ok((ok, answer.unread, answer.follows)),
        (None, None) => Err(unknown_version(&head.bn, "the answer says nothing")),
    }
}

fn other_version(line: &str, error: &serde_json::Error) -> GraphError {
    let host = serde_json::from_str::<Head>(line).map_or_else(|_| "?".to_owned(), |head| head.bn.into_owned());
    unknown_version(&host, &format!("a part of the answer: {error}"))
}

fn unknown_version(host: &str, detail: &str) -> GraphError {
    let host = crate::graph::model::text::line(host, 40);
    GraphError::OtherVersion { host, here: PROGRAM.to_owned(), detail: detail.to_owned() }
}

fn copy(from: &mut impl Read, to: &mut impl Write, wanted: u64) -> Result<(), GraphError> {
    let mut piece = [0; 64 << 10];
    let mut copied = 0;
    loop {
        let length = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(source) => return Err(GraphError::CutOff { source }),
        };
        let failed = |source| GraphError::File { verb: "write", path: "the export".into(), source };
        to.write_all(&piece[..length]).map_err(failed)?;
        copied += length as u64;
    }
    if copied == wanted { Ok(()) } else { Err(GraphError::CutOff { source: io::ErrorKind::UnexpectedEof.into() }) }
}
