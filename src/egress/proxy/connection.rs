//! One client connection from its first byte to its last.

use std::time::Duration;

use crate::egress::host::Authority;
use crate::egress::http::head::{Request, Target, length};
use crate::egress::http::reply::Reply;
use crate::egress::log::Decision;
use crate::egress::proxy::dial::{Dialled, dial};
use crate::egress::proxy::{Shared, forward};
use crate::egress::pump::{Broken, Reader, tunnel};
use crate::egress::stream::{Stream, write_all};

/// How long a head may take to arrive, the wait for its first byte included.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The most that a request's head may take.
const HEAD_MAX: usize = 32 * 1024;
/// What is read at once while a head is not complete.
const PIECE: usize = 4 * 1024;
/// What a client may still be sending when it is answered for the last time.
const LEFTOVERS_MAX: usize = 1024 * 1024;
const LINGER: Duration = Duration::from_secs(2);

/// How a connection goes on after a request.
pub enum Next {
    Request,
    End,
    /// It is broken, and the client has to see that.
    Break,
}

impl Reader<'_> {
    /// Reads one head. `None` where the client ended, or was silent, before it said anything.
    pub async fn head(&mut self, most: usize) -> Result<Option<Vec<u8>>, Reply> {
        let mut seen = 0;
        loop {
            // Empty lines before a request are to be ignored, says RFC 9112.
            let blank = self.ahead.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if seen == 0 {
                self.ahead.drain(..blank);
            }
            if self.ahead.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
                return Err(Reply::new(400, "this is no HTTP/1 message"));
            }
            if let Some(end) = length(&self.ahead, seen) {
                let rest = self.ahead.split_off(end);
                return Ok(Some(std::mem::replace(&mut self.ahead, rest)));
            }
            seen = self.ahead.len();
            if seen >= most {
                return Err(Reply::new(431, "the head of the message is too large"));
            }
            match self.more(PIECE.min(most - seen)).await {
                Ok(0) if seen == 0 => return Ok(None),
                Ok(0) | Err(_) => return Err(Reply::new(400, "the message ends too early")),
                Ok(_) => {}
            }
        }
    }

    async fn more(&mut self, most: usize) -> std::io::Result<usize> {
        loop {
            self.stream.readable().await?;
            let mut piece = [0; PIECE];
            if let Some(count) = self.stream.try_read(&mut piece[..most])? {
                self.ahead.extend_from_slice(&piece[..count]);
                return Ok(count);
            }
        }
    }
}

/// Serves a client until it, or its server, is done.
pub async fn serve(shared: &Shared, stream: Stream, ahead: Vec<u8>) {
    let mut client = Reader { stream: &stream, ahead };
    loop {
        let next = match request(&mut client).await {
            Ok(Some(request)) => answer(shared, &mut client, &request).await,
            Ok(None) => Next::End,
            Err(reply) => {
                shared.note_request(Decision::Refused, "-", format!("bad request: {}", reply.status));
                refuse(&mut client, &reply).await
            }
        };
        match next {
            Next::Request => {}
            Next::End => return,
            Next::Break => return stream.abort(),
        }
    }
}

async fn request(client: &mut Reader<'_>) -> Result<Option<Request>, Reply> {
    match tokio::time::timeout(PATIENCE, client.head(HEAD_MAX)).await {
        Ok(head) => head?.map(|head| Request::parse(&head)).transpose(),
        Err(_) if client.ahead.is_empty() => Ok(None),
        Err(_) => Err(Reply::new(408, "the request took too long to arrive")),
    }
}

async fn answer(shared: &Shared, client: &mut Reader<'_>, request: &Request) -> Next {
    match &request.target {
        Target::Plain(asked, _) => forward::forward(shared, client, request, asked).await,
        Target::Tunnel(asked) => match dial(shared, asked, false).await {
            Ok(server) => {
                if write_all(client.stream, b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_err() {
                    return Next::Break;
                }
                join(client, server).await
            }
            Err(reply) => refuse(client, &reply).await,
        },
    }
}

/// A tunnel to its end; a break on one side becomes one on the other.
pub async fn join(client: &mut Reader<'_>, server: Dialled) -> Next {
    let outcome: Result<(), Broken> = {
        let mut reader = Reader { stream: &server.stream, ahead: server.ahead };
        tunnel(client, &mut reader).await
    };
    match outcome {
        Ok(()) => Next::End,
        Err(_) => {
            server.stream.abort();
            Next::Break
        }
    }
}

/// Answers for the proxy itself; the connection ends with that.
pub async fn refuse(client: &mut Reader<'_>, reply: &Reply) -> Next {
    match write_all(client.stream, &reply.bytes()).await {
        Ok(()) => part(client).await,
        Err(_) => Next::Break,
    }
}

/// Ends a connection whose client may still be sending: closing on unread bytes would discard what it was answered.
pub async fn part(client: &mut Reader<'_>) -> Next {
    client.stream.finish();
    let drain = async {
        let mut drained = 0;
        while drained < LEFTOVERS_MAX {
            client.ahead.clear();
            match client.more(PIECE).await {
                Ok(count) if count > 0 => drained += count,
                _ => return,
            }
        }
    };
    drop(tokio::time::timeout(LINGER, drain).await);
    Next::End
}

/// A connection that came in on a port of the container's loopback, for the same port of the host's.
pub async fn bring_in(shared: &Shared, stream: Stream, port: u16) {
    let Ok(asked) = Authority::parse(&format!("localhost:{port}"), None) else { return };
    let mut client = Reader::new(&stream);
    let next = match dial(shared, &asked, false).await {
        Ok(server) => join(&mut client, server).await,
        Err(_) => Next::Break,
    };
    if matches!(next, Next::Break) {
        stream.abort();
    }
}
