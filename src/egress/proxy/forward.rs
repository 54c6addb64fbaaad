//! A plain HTTP request: passed on with a head of its own, and answered.

use crate::egress::host::Authority;
use crate::egress::http::body::{Body, Framing, Unfit};
use crate::egress::http::head::{Request, Response};
use crate::egress::http::reply::Reply;
use crate::egress::model::tally::Reading;
use crate::egress::origin::commands::{self, Commands};
use crate::egress::origin::open::Open;
use crate::egress::proxy::Shared;
use crate::egress::proxy::dial::{Dialled, Route, route};
use crate::egress::proxy::ending::{Next, answer_last, close, join_reading, refuse};
use crate::egress::pump::{Broken, Reader, pump};
use crate::egress::stream::{Stream, write_all};

/// The most that a response's head may take.
const HEAD_MAX: usize = 64 * 1024;

/// How the server's side of an exchange ended.
enum Answered {
    /// The whole response is with the client, which may ask again if the request is through as well.
    Whole { keeps_alive: bool },
    /// The protocol was changed, and both speak freely now.
    Switched,
}

/// Why there is no whole answer.
enum Failure {
    /// Nothing of a response was sent yet: the proxy may speak.
    Early(Reply),
    /// The same of a push, which is refused for this reason.
    Push(String),
    Broken,
}

impl From<Broken> for Failure {
    fn from(_: Broken) -> Self {
        Failure::Broken
    }
}

/// Serves one request.
pub async fn forward(shared: &Shared, client: &mut Reader<'_>, request: &Request, asked: &Authority) -> Next {
    let (server, head) = match route(shared, asked).await {
        Ok(Route::Server(server)) => (server, request.for_server()),
        Ok(Route::Proxy(proxy, authorization)) => (proxy, request.for_proxy(authorization.as_deref())),
        Err(reply) => return refuse(client, &reply).await,
    };
    carry(client, server, &head, &Exchange { request, asked, reading: None, origin: None }).await
}

/// One request and its answer.
pub struct Exchange<'a> {
    pub request: &'a Request,
    /// Who answers.
    pub asked: &'a Authority,
    /// Who is shown the answer.
    pub reading: Option<&'a Reading>,
    /// Who says what may be pushed, and answered.
    pub origin: Option<&'a Open>,
}

impl Exchange<'_> {
    /// What may be pushed, where this is a push and not everything may.
    fn commands(&self) -> Option<Commands<'_>> {
        let origin = &self.origin?.origin;
        let only = origin.only.as_deref().filter(|_| self.request.is_for(|path| origin.is_push(path)))?;
        Some(Commands::new(only))
    }
}

/// Sends the head that is meant for the server, and carries everything behind it both ways.
pub async fn carry(client: &mut Reader<'_>, server: Dialled, head: &[u8], exchanged: &Exchange<'_>) -> Next {
    let Dialled { stream, ahead, address } = server;
    let mut reader = Reader { stream: &stream, ahead };
    let outcome = exchange(client, &mut reader, head, exchanged).await;
    let ahead = std::mem::take(&mut reader.ahead);
    match outcome {
        Ok(Answered::Whole { keeps_alive: true }) => Next::Request,
        Ok(Answered::Whole { keeps_alive: false }) => close(client).await,
        Ok(Answered::Switched) => {
            exchanged.reading.iter().for_each(|reading| reading.switch());
            join_reading(client, Dialled { stream, ahead, address }, exchanged.reading).await
        }
        Err(Failure::Early(reply)) => refuse(client, &reply).await,
        Err(Failure::Push(why)) => answer_last(client, &commands::answer(&why)).await,
        Err(Failure::Broken) => {
            stream.abort();
            Next::Break
        }
    }
}

/// The request's body and the response at the same time: a server may answer before it has read everything, or ask for the body first.
async fn exchange(
    client: &mut Reader<'_>,
    server: &mut Reader<'_>,
    head: &[u8],
    exchanged: &Exchange<'_>,
) -> Result<Answered, Failure> {
    let gone = |_| Failure::Early(unreachable(exchanged.asked));
    write_all(server.stream, head).await.map_err(gone)?;
    let (to_client, to_server) = (client.stream, server.stream);
    let mut body = Body::new(exchanged.request.framing).judged_by(exchanged.commands());
    let answered = {
        let sending = pump(client, to_server, &mut body);
        let answering = respond(server, to_client, exchanged);
        tokio::pin!(sending, answering);
        let mut sent = None;
        loop {
            tokio::select! {
                answer = &mut answering => break answer?,
                outcome = &mut sending, if sent.is_none() => match outcome {
                    // A server that stopped listening may still have something to say.
                    Ok(()) | Err(Broken::Sink(_)) => sent = Some(()),
                    Err(Broken::Unfit(error)) => return Err(unfit(error)),
                    Err(_) => return Err(Failure::Broken),
                },
                () = to_client.broken(), if sent.is_some() => return Err(Failure::Broken),
            }
        }
    };
    Ok(match answered {
        Answered::Whole { keeps_alive } => Answered::Whole { keeps_alive: keeps_alive && body.is_complete() },
        Answered::Switched => Answered::Switched,
    })
}

/// Reads the response and passes it on.
async fn respond(server: &mut Reader<'_>, client: &Stream, exchanged: &Exchange<'_>) -> Result<Answered, Failure> {
    let Exchange { request, asked, reading, origin } = exchanged;
    loop {
        let head = match server.head(HEAD_MAX).await {
            Ok(Some(head)) => head,
            Ok(None) => return Err(Failure::Early(unreachable(asked))),
            Err(reply) => return Err(Failure::Early(Reply::new(502, format!("{asked}: {}", reply.text)))),
        };
        let response = Response::parse(&head, request.is_head()).map_err(Failure::Early)?;
        let response = match origin {
            Some(origin) => {
                origin.judge(&response).map_err(Failure::Early)?;
                response.without_cookies()
            }
            None => response,
        };
        let keeps_alive = request.keeps_alive() && response.framing != Framing::UntilClose;
        write_all(client, &response.for_client(keeps_alive)).await.map_err(|_| Failure::Broken)?;
        if response.status == 101 {
            return Ok(Answered::Switched);
        }
        if !response.is_interim() {
            pump(server, client, &mut Body::new(response.framing).read_by(*reading)).await?;
            return Ok(Answered::Whole { keeps_alive });
        }
    }
}

fn unreachable(asked: &Authority) -> Reply {
    Reply::new(502, format!("{asked} closed the connection without an answer"))
}

fn unfit(error: Unfit) -> Failure {
    match error {
        Unfit::Malformed => Failure::Early(Reply::new(400, error.to_string())),
        Unfit::Refused(why) => Failure::Push(why),
    }
}
