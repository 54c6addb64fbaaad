//! One client connection from its first byte to its last.

use crate::egress::host::Authority;
use crate::egress::http::head::{Request, Target};
use crate::egress::http::reply::Reply;
use crate::egress::log::Decision;
use crate::egress::model::open::Model;
use crate::egress::origin::open::Open;
use crate::egress::proxy::dial::dial;
use crate::egress::proxy::ending::{Next, join, refuse};
use crate::egress::proxy::head::TIMEOUT;
use crate::egress::proxy::{Shared, ask, forward};
use crate::egress::pump::Reader;
use crate::egress::stream::{Stream, write_all};

/// The most that a request's head may take.
const HEAD_MAX: usize = 32 * 1024;
/// Whom the requests of a connection are for.
#[derive(Clone, Copy)]
pub enum To<'a> {
    /// Whomever they name.
    Anybody,
    /// One model, whatever they name.
    Model(&'a Model),
    /// The run's origin, whatever they name.
    Origin(&'a Open),
}

/// Serves a client until it, or its server, is done.
pub async fn serve(shared: &Shared, stream: Stream, ahead: Vec<u8>, to: To<'_>) {
    let mut client = Reader { stream: &stream, ahead };
    loop {
        let next = match request(&mut client, to).await {
            Ok(Some(request)) => answer(shared, &mut client, &request, to).await,
            Ok(None) => Next::End,
            Err(reply) => {
                shared.note_request(Decision::Refused, "-", format!("{}: {}", to.bad(), reply.status));
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

impl<'a> To<'a> {
    /// What stands behind a port of the container's loopback, where that is none of the host's.
    pub fn behind(shared: &'a Shared, port: u16) -> Option<Self> {
        let origin = shared.origin.as_ref().filter(|open| open.origin.port == port);
        origin.map(To::Origin).or_else(|| shared.models.at(port).map(To::Model))
    }

    fn parse(self, head: &[u8]) -> Result<Request, Reply> {
        match self {
            To::Anybody => Request::parse(head),
            To::Model(model) => Request::parse_for(head, &model.endpoint),
            To::Origin(open) => Request::parse_for_origin(head, &open.origin),
        }
    }

    fn bad(self) -> String {
        match self {
            To::Anybody => "bad request".to_owned(),
            To::Model(model) => format!("bad request to the endpoint of {}", model.endpoint.name),
            To::Origin(_) => "bad request to the endpoint of origin".to_owned(),
        }
    }
}

async fn request(client: &mut Reader<'_>, to: To<'_>) -> Result<Option<Request>, Reply> {
    match tokio::time::timeout(TIMEOUT, client.head(HEAD_MAX)).await {
        Ok(head) => head?.map(|head| to.parse(&head)).transpose(),
        Err(_) if client.ahead.is_empty() => Ok(None),
        Err(_) => Err(Reply::new(408, "the request took too long to arrive")),
    }
}

async fn answer(shared: &Shared, client: &mut Reader<'_>, request: &Request, to: To<'_>) -> Next {
    match to {
        To::Model(model) => return ask::ask(shared, client, request, model).await,
        To::Origin(open) => return ask::ask_origin(shared, client, request, open).await,
        To::Anybody => {}
    }
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
