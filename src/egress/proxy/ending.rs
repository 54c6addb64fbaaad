//! How a connection ends, or goes on: tunnels, refusals, and the last bytes of a client.

use std::time::Duration;

use crate::egress::http::reply::Reply;
use crate::egress::model::tally::Reading;
use crate::egress::proxy::dial::Dialled;
use crate::egress::proxy::head::PIECE;
use crate::egress::pump::{Broken, Reader, tunnel_reading};
use crate::egress::stream::write_all;

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

/// A tunnel to its end; a break on one side becomes one on the other.
pub async fn join(client: &mut Reader<'_>, server: Dialled) -> Next {
    join_reading(client, server, None).await
}

/// The same, and what the server says is read as it passes.
pub async fn join_reading(client: &mut Reader<'_>, server: Dialled, reading: Option<&Reading>) -> Next {
    let outcome: Result<(), Broken> = {
        let mut reader = Reader { stream: &server.stream, ahead: server.ahead };
        tunnel_reading(client, &mut reader, reading).await
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
    answer_last(client, &reply.bytes()).await
}

/// The same, with an answer that is written already.
pub async fn answer_last(client: &mut Reader<'_>, answer: &[u8]) -> Next {
    match write_all(client.stream, answer).await {
        Ok(()) => close(client).await,
        Err(_) => Next::Break,
    }
}

/// Ends a connection whose client may still be sending: closing on unread bytes would discard what it was answered.
pub async fn close(client: &mut Reader<'_>) -> Next {
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
