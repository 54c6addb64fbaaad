//! Where connections come from: the relay inside hands over the socket it listens on, and the proxy accepts on it.
//!
//! So bytes pass one process instead of two, a broken connection is broken inside as TCP has it, and nothing but the relay's
//! own few kilobytes counts against the container. What comes through the local socket without such a socket is a client itself.
//!
//! A socket that is handed over is the agent's word: it is taken only if it is a TCP socket that listens. Connections accepted
//! on it end in the namespace in which it was made, and what they may reach is decided here, as for every other.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::OwnedSemaphorePermit;

use crate::egress::descriptor::{is_tcp, receive};
use crate::egress::greeting::{Greeting, Word};
use crate::egress::http::reply::Reply;
use crate::egress::proxy::connection::{self, To};
use crate::egress::proxy::head::TIMEOUT;
use crate::egress::proxy::{Decision, Shared};
use crate::egress::stream::{Stream, write_all};

/// Listening sockets at once: the proxy's own port, and the loopback ports that are brought in.
pub const LISTENERS_MAX: usize = 64;
/// How long to wait after a failed accept, which means that descriptors or memory are short.
const RECOVERY: Duration = Duration::from_millis(50);

/// Takes in clients and offers for as long as the proxy lives.
pub async fn accept(shared: &Arc<Shared>, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                admit(shared, stream.into(), |shared, stream| async move { greet(shared, stream).await })
            }
            Err(_) => tokio::time::sleep(RECOVERY).await,
        }
    }
}

/// Serves a connection where there is room for it, and says so where there is not.
fn admit<F, S>(shared: &Arc<Shared>, stream: Stream, serve: S)
where
    F: Future<Output = ()> + Send + 'static,
    S: FnOnce(Arc<Shared>, Stream) -> F + Send + 'static,
{
    match Arc::clone(&shared.connections).try_acquire_owned() {
        Ok(permit) => {
            shared.limit_inside(&stream);
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                let _permit: OwnedSemaphorePermit = permit;
                serve(shared, stream).await;
            });
        }
        Err(_) => {
            // A client that does not read its answer at once gets none.
            drop(stream.try_write(&Reply::new(503, "too many connections at once").bytes()));
        }
    }
}

/// The first bytes say what a connection is.
async fn greet(shared: Arc<Shared>, stream: Stream) {
    let Stream::Unix(stream) = stream else { return };
    let first = tokio::time::timeout(TIMEOUT, receive(&stream)).await;
    let Ok(Ok((bytes, socket))) = first else { return };
    match (socket, Greeting::parse(&bytes)) {
        (Some(socket), Some(offer)) => take(&shared, stream, socket, offer).await,
        (None, None) if !bytes.is_empty() => connection::serve(&shared, stream.into(), bytes, To::Anybody).await,
        _ => {}
    }
}

/// Whether it is a TCP socket that listens. Anything else could block the proxy, or be read in its name.
fn listens(socket: &impl AsFd) -> bool {
    is_tcp(socket) && sockopt::socket_acceptconn(socket) == Ok(true)
}

async fn take(shared: &Arc<Shared>, relay: UnixStream, socket: OwnedFd, offer: Greeting) {
    let relay = Stream::from(relay);
    let refused = |why: &'static str| shared.note_request(Decision::Refused, "-", format!("the relay's socket: {why}"));
    if !listens(&socket) {
        return refused("not a listening TCP socket");
    }
    let Ok(permit) = Arc::clone(&shared.listeners).try_acquire_owned() else { return refused("too many") };
    let listener = std::net::TcpListener::from(socket);
    let Ok(listener) = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)) else { return };
    tokio::spawn(listen(Arc::clone(shared), listener, offer, permit));
    let said = write_all(&relay, Word::Ready.line().as_bytes()).await;
    if said.is_ok() && offer == Greeting::Proxy {
        announce(shared, &relay).await;
    }
}

/// Serves the clients of one listening socket. It stays open when the relay is gone.
async fn listen(shared: Arc<Shared>, listener: TcpListener, offer: Greeting, _permit: OwnedSemaphorePermit) {
    loop {
        match (listener.accept().await, offer) {
            (Ok((stream, _)), Greeting::Proxy) => {
                admit(&shared, stream.into(), |shared, stream| async move {
                    connection::serve(&shared, stream, Vec::new(), To::Anybody).await;
                });
            }
            (Ok((stream, _)), Greeting::Port(port)) => {
                admit(&shared, stream.into(), move |shared, stream| async move {
                    match To::behind(&shared, port) {
                        Some(to) => connection::serve(&shared, stream, Vec::new(), to).await,
                        None => connection::bring_in(&shared, stream, port).await,
                    }
                });
            }
            // Whoever has the other copy may have shut it.
            (Err(_), _) if !listens(&listener) => return,
            (Err(_), _) => tokio::time::sleep(RECOVERY).await,
        }
    }
}

/// Tells the relay which loopback ports to listen on, now and whenever the host opens one more.
async fn announce(shared: &Arc<Shared>, relay: &Stream) {
    let mut ports = shared.ports.subscribe();
    let mut announced: Vec<u16> = Vec::new();
    loop {
        let open = ports.borrow_and_update().clone();
        for port in open.iter().filter(|port| !announced.contains(port)) {
            if write_all(relay, Word::Port(*port).line().as_bytes()).await.is_err() {
                return;
            }
        }
        announced.extend(open);
        tokio::select! {
            changed = ports.changed() => if changed.is_err() { return },
            () = relay.ended() => return,
        }
    }
}
