//! The proxy on the host: the one way out of a container.

mod ask;
mod connection;
mod dial;
mod ending;
mod forward;
mod happy_eyeballs;
mod head;
mod listener;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::egress::dns::Resolver;
use crate::egress::live_rules::LivePolicy;
use crate::egress::local_socket::listen;
use crate::egress::log::{Decision, Entry, Log};
use crate::egress::model::open::{ModelSpec, Models};
use crate::egress::next_hop::NextHops;
use crate::egress::origin::open::{Open, OriginSpec};
use crate::egress::policy::Policy;
use crate::egress::stream::Stream;
use crate::error::Explain;

/// The socket's name in the folder that the container sees.
pub const SOCKET: &str = "proxy.sock";
/// Connections at once.
const CONNECTIONS_MAX: usize = 4096;
/// The client's and the server's, or while the latter is looked for: two for name servers, or `happy_eyeballs::TRIED_AT_ONCE`.
const DESCRIPTORS_EACH: u64 = 1 + happy_eyeballs::TRIED_AT_ONCE as u64;
/// Descriptors that everything else may need, the clients of published ports among it.
const DESCRIPTORS_SPARE: u64 = 512;
/// What the kernel may keep for all connections together, roughly. Left alone, it gives each up to tens of megabytes, and a few
/// hundred readers that rest starve every other program on the host of network memory.
const BUFFERS: usize = 32 * 1024 * 1024;
const BUFFER_LEAST: usize = 16 * 1024;
/// On the container's side nothing is far away: more is of no use.
const BUFFER_INSIDE: usize = 1024 * 1024;
/// So many connections to the outside may have what the kernel thinks best for long distances.
const FAR_CONNECTIONS: usize = 32;
/// How often the rules of a live run are looked at for loopback ports to bring in.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error("cannot listen for the container's connections at {path}")]
    Listen { path: PathBuf, source: io::Error },
    #[error("cannot write the egress log in {path}")]
    Log { path: PathBuf, source: io::Error },
    #[error("cannot start the egress proxy")]
    Start { source: io::Error },
}

impl Explain for ProxyError {
    fn hints(&self) -> Vec<String> {
        match self {
            ProxyError::Listen { .. } => {
                vec!["look for a full disk with df -h, or set XDG_RUNTIME_DIR to a folder of yours".to_owned()]
            }
            ProxyError::Log { .. } | ProxyError::Start { .. } => Vec::new(),
        }
    }
}

/// Everything that the proxy of a run has to know.
#[derive(Debug)]
pub struct ProxySpec {
    /// The folder that the container sees, read-only: gets `proxy.sock` and `egress.log`.
    pub folder: PathBuf,
    pub policy: Policy,
    /// The file of the rules that were added since the start, one a line. Only the host can write it. It need not exist.
    /// See `live_rules`.
    pub live_rules: PathBuf,
    pub next_hops: NextHops,
    pub models: ModelSpec,
    pub origin: Option<OriginSpec>,
    /// The run's name, for what refusals say.
    pub run: String,
    /// The time of the log's entries.
    pub clock: fn() -> DateTime<Utc>,
}

/// A running proxy. It ends when this is dropped, or with the process.
#[derive(Debug)]
pub struct Proxy {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What all connections share.
struct Shared {
    policy: LivePolicy,
    next_hops: NextHops,
    models: Models,
    origin: Option<Open>,
    resolver: Resolver,
    log: Log,
    run: String,
    clock: fn() -> DateTime<Utc>,
    connections: Arc<Semaphore>,
    connections_max: usize,
    listeners: Arc<Semaphore>,
    /// Loopback ports that are open.
    ports: watch::Sender<Vec<u16>>,
}

impl Shared {
    fn note(&self, entry: &Entry) {
        self.log.add((self.clock)(), entry);
    }

    /// The ports of the container's loopback that are none of the host's.
    fn endpoints(&self) -> Vec<u16> {
        self.models.ports().into_iter().chain(self.origin.as_ref().map(|open| open.origin.port)).collect()
    }

    fn limit_inside(&self, stream: &Stream) {
        stream.limit_buffers(self.share());
    }

    fn limit_outside(&self, stream: &Stream) {
        if self.count() > FAR_CONNECTIONS {
            stream.limit_buffers(self.share());
        }
    }

    fn count(&self) -> usize {
        self.connections_max - self.connections.available_permits()
    }

    fn share(&self) -> usize {
        (BUFFERS / self.count().max(1)).clamp(BUFFER_LEAST, BUFFER_INSIDE)
    }

    fn note_request(&self, decision: Decision, asked: &str, reason: impl Into<String>) {
        self.note(&Entry { decision, asked: asked.to_owned(), address: None, remedy: None, reason: reason.into() });
    }
}

impl Proxy {
    /// Listens, and serves in a thread of its own.
    pub fn start(spec: ProxySpec) -> Result<Self, ProxyError> {
        Self::start_with(spec, Resolver::system())
    }

    fn start_with(spec: ProxySpec, resolver: Resolver) -> Result<Self, ProxyError> {
        let folder = spec.folder.clone();
        let path = folder.join(SOCKET);
        let listener = listen(&folder, SOCKET).map_err(|source| ProxyError::Listen { path, source })?;
        let log = Log::open(&folder).map_err(|source| ProxyError::Log { path: folder, source })?;
        let started = |source| ProxyError::Start { source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(started)?;
        let policy = LivePolicy::new(spec.policy, &spec.live_rules);
        let connections_max = connections_max();
        let shared = Arc::new(Shared {
            ports: watch::Sender::new(Vec::new()),
            policy,
            models: Models::new(spec.models),
            origin: spec.origin.map(Open::new),
            next_hops: spec.next_hops,
            resolver,
            log,
            run: spec.run,
            clock: spec.clock,
            connections: Arc::new(Semaphore::new(connections_max)),
            connections_max,
            listeners: Arc::new(Semaphore::new(listener::LISTENERS_MAX)),
        });
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(&shared, listener) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("egress".to_owned()).spawn(serve).map_err(started)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// As many as the process may have descriptors for, after it has asked for all that it may have.
fn connections_max() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = DESCRIPTORS_EACH * CONNECTIONS_MAX as u64 + DESCRIPTORS_SPARE;
    let most = limit.maximum.unwrap_or(u64::MAX).min(wanted);
    let current = limit.current.unwrap_or(u64::MAX);
    let raised = current < most && setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..limit }).is_ok();
    let descriptors = if raised { most } else { current };
    let most = descriptors.saturating_sub(DESCRIPTORS_SPARE) / DESCRIPTORS_EACH;
    usize::try_from(most).unwrap_or(usize::MAX).clamp(16, CONNECTIONS_MAX)
}

async fn serve(shared: &Arc<Shared>, listener: std::os::unix::net::UnixListener) {
    let listener = match UnixListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return shared.note_request(Decision::Failed, "-", format!("the proxy cannot listen: {error}")),
    };
    tokio::join!(listener::accept(shared, listener), watch_ports(shared));
}

/// Keeps the open loopback ports up to date with the rules.
async fn watch_ports(shared: &Arc<Shared>) {
    loop {
        let ports = [shared.endpoints(), shared.policy.now().loopback_ports()].concat();
        shared.ports.send_if_modified(|known| {
            let changed = *known != ports;
            *known = ports;
            changed
        });
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests;
