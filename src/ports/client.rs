//! One client of a published port, from its connection to its end.

use std::net::TcpStream as StdTcpStream;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::egress::descriptor::is_tcp;
use crate::egress::pump::{Reader, tunnel};
use crate::egress::stream::{Stream, write_all};
use crate::ports::shared::Shared;
use crate::ports::words::Dial;

/// How long the container may take to connect.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the kernel may keep for each side.
const BUFFER: usize = 1 << 20;

/// Serves a client until it, or the program inside, is done. Where nobody answers inside, its connection is reset.
pub async fn serve(shared: &Arc<Shared>, client: Stream, port: u16) {
    client.limit_buffers(BUFFER);
    let inside = tokio::select! {
        inside = dial(shared, port) => inside,
        () = client.broken() => None,
    };
    let Some(inside) = inside else { return client.abort() };
    inside.limit_buffers(BUFFER);
    if tunnel(&mut Reader::new(&client), &mut Reader::new(&inside)).await.is_err() {
        client.abort();
        inside.abort();
    }
}

/// A connection inside, made by the dialler.
async fn dial(shared: &Arc<Shared>, port: u16) -> Option<Stream> {
    let mut waiting = Waiting::new(shared);
    let dial = Dial { client: waiting.client, port };
    let dialled = async {
        // Lines of several clients at once stay whole: each takes its turn.
        let dialler = shared.dialler.lock().await;
        write_all(dialler.as_deref()?, dial.line().as_bytes()).await.ok()?;
        drop(dialler);
        (&mut waiting.answer).await.ok()
    };
    let socket = tokio::time::timeout(PATIENCE, dialled).await.ok()??;
    connected(socket)
}

/// What was handed over, if it is a TCP socket that is connected: anything else could block the host, or be read in its name.
fn connected(socket: OwnedFd) -> Option<Stream> {
    if !is_tcp(&socket) {
        return None;
    }
    let socket = StdTcpStream::from(socket);
    socket.peer_addr().ok()?;
    socket.set_nonblocking(true).ok()?;
    Some(TcpStream::from_std(socket).ok()?.into())
}

/// A client that waits for its connection. It waits no longer when this is dropped.
struct Waiting<'a> {
    shared: &'a Shared,
    client: u64,
    answer: oneshot::Receiver<OwnedFd>,
}

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared) -> Self {
        let client = shared.last.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        shared.waiting().insert(client, sender);
        Self { shared, client, answer }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.waiting().remove(&self.client);
    }
}
