//! The host's side: it listens on the published ports, asks the dialler inside for a connection for each client, and joins the two.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::oneshot;

use crate::egress::descriptor::receive;
use crate::egress::local_socket;
use crate::egress::reloaded::Reloaded;
use crate::egress::stream::Stream;
use crate::error::Explain;
use crate::ports::client;
use crate::ports::listen::listen;
use crate::ports::shared::Shared;
use crate::ports::state::{Port, Wish, wishes};
use crate::ports::words::{DIALLER, parse_dialled};

/// The socket's name in the folder that the container sees.
const SOCKET: &str = "ports.sock";
/// Ports of one run.
const PORTS_MAX: usize = 64;
/// How long whoever connects from inside may take to say why.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the wishes are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How long to wait after a failed accept, which means that descriptors or memory are short.
const RECOVERY: Duration = Duration::from_millis(50);

#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {path}")]
pub struct DoorError {
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Explain for DoorError {}

/// Everything that the door of a run has to know.
#[derive(Debug)]
pub struct DoorSpec {
    /// The folder that the container sees, read-only: gets `ports.sock`.
    pub folder: PathBuf,
    /// Ports that are to be open from the start.
    pub first: Vec<Wish>,
    /// The file of those that are added, which only the host can write. It need not exist.
    pub wishes: PathBuf,
    /// The file that says what is open.
    pub state: PathBuf,
}

/// An open door. Its ports close with this value, or with the process.
#[derive(Debug)]
pub struct Door {
    /// What is open from the start, and what could not be.
    pub first: Vec<Port>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    state: PathBuf,
}

impl Door {
    /// Opens the first ports, and serves them and all that are wished for in a thread of its own.
    pub fn open(spec: DoorSpec) -> Result<Self, DoorError> {
        let failed = |verb: &'static str, path: PathBuf| move |source| DoorError { verb, path, source };
        let socket = local_socket::listen(&spec.folder, SOCKET);
        let socket = socket.map_err(failed("listen for the container at", spec.folder.join(SOCKET)))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(failed("lead ports to", spec.folder.clone()))?;
        let shared = Arc::new(Shared::new(spec.state.clone()));
        let first: Vec<Port> = {
            let _inside = runtime.enter();
            spec.first.iter().map(|wish| publish(&shared, wish)).collect()
        };
        shared.tell(|open| open.ports.clone_from(&first)).map_err(failed("write", spec.state.clone()))?;
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(&shared, socket) => {}
                    () = watch(&shared, &spec.wishes) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("ports".to_owned()).spawn(serve);
        let thread = thread.map_err(failed("lead ports to", spec.folder))?;
        Ok(Self { first, stop: Some(stop), thread: Some(thread), state: spec.state })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        drop(self.stop.take());
        // A thread that panicked has said so.
        self.thread.take().map(JoinHandle::join);
        // Nobody is told of ports of a run without an owner, whether this is there or not.
        drop(std::fs::remove_file(&self.state));
    }
}

/// Opens what is wished for, once each.
async fn watch(shared: &Arc<Shared>, file: &std::path::Path) {
    let watched = Reloaded::new(file, wishes);
    let mut done = 0;
    loop {
        let wished = watched.get();
        for wish in wished.iter().skip(done) {
            let port = publish(shared, wish);
            drop(shared.tell(|open| open.ports.push(port)));
        }
        done = done.max(wished.len());
        tokio::time::sleep(LOOK).await;
    }
}

/// Opens one port.
fn publish(shared: &Arc<Shared>, wish: &Wish) -> Port {
    let (word, port) = (wish.word.clone(), wish.published.port);
    let refused = |error: String| Port { word: word.clone(), addresses: Vec::new(), port, error: Some(error) };
    if shared.count() >= PORTS_MAX {
        return refused(format!("{PORTS_MAX} ports are open already, which is as many as a run may have"));
    }
    let mut addresses = Vec::new();
    match listen(&wish.published) {
        Err(error) => return refused(error.to_string()),
        Ok(listeners) => {
            for listener in listeners {
                let address = listener.local_addr();
                match listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)) {
                    Ok(listener) => drop(tokio::spawn(clients(Arc::clone(shared), listener, port))),
                    Err(error) => return refused(error.to_string()),
                }
                addresses.extend(address);
            }
        }
    }
    Port { word, addresses, port, error: None }
}

/// Serves the clients of one port.
async fn clients(shared: Arc<Shared>, listener: TcpListener, port: u16) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let client = Stream::from(client);
                match Arc::clone(&shared.clients).try_acquire_owned() {
                    Err(_) => client.abort(),
                    Ok(permit) => {
                        let shared = Arc::clone(&shared);
                        tokio::spawn(async move {
                            client::serve(&shared, client, port).await;
                            drop(permit);
                        });
                    }
                }
            }
            Err(_) => tokio::time::sleep(RECOVERY).await,
        }
    }
}

/// Takes what comes from inside: the dialler, and its answers. All of it is the agent's word.
async fn accept(shared: &Arc<Shared>, socket: std::os::unix::net::UnixListener) {
    let Ok(socket) = UnixListener::from_std(socket) else { return std::future::pending().await };
    loop {
        match socket.accept().await {
            Ok((stream, _)) => {
                // One more than there is room for is hung up on.
                let Ok(permit) = Arc::clone(&shared.answers).try_acquire_owned() else { continue };
                let shared = Arc::clone(shared);
                tokio::spawn(async move {
                    hear(&shared, stream).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(RECOVERY).await,
        }
    }
}

async fn hear(shared: &Arc<Shared>, stream: UnixStream) {
    let Ok(Ok((bytes, socket))) = tokio::time::timeout(PATIENCE, receive(&stream)).await else { return };
    match (parse_dialled(&bytes), socket) {
        (Some(client), socket) => {
            // Without a socket the sender goes, and with it the client's hope.
            let waits = shared.waiting().remove(&client);
            if let (Some(waits), Some(socket)) = (waits, socket) {
                drop(waits.send(socket));
            }
        }
        (None, None) if bytes == DIALLER.as_bytes() => stay(shared, stream).await,
        _ => {}
    }
}

/// Keeps the dialler for as long as it is there. The first one counts: whoever comes later waits until it is gone.
async fn stay(shared: &Arc<Shared>, stream: UnixStream) {
    let stream = Arc::new(Stream::from(stream));
    {
        let mut dialler = shared.dialler.lock().await;
        if dialler.is_some() {
            return;
        }
        *dialler = Some(Arc::clone(&stream));
    }
    drop(shared.tell(|open| open.dialler = true));
    stream.ended().await;
    *shared.dialler.lock().await = None;
    drop(shared.tell(|open| open.dialler = false));
}
