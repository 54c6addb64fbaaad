//! The owner's side: a socket, and a thread for each of so many connections.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use crate::data_dir::GRAPH_SOCKET as SOCKET;
use crate::graph::door::connection;
use crate::graph::door::memory;
use crate::graph::door::shared::{DoorSpec, Shared};
use crate::graph::error::GraphError;

/// A thread's stack. Nothing here goes deep.
const STACK: usize = 1 << 20;
/// What to wait when the process has no room for one more connection.
const RECOVERY: Duration = Duration::from_millis(50);

/// An open door. It closes with the value, after what is being carried out.
#[derive(Debug)]
pub struct Door {
    wake: Option<io::PipeWriter>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Door {
    pub fn open(spec: DoorSpec) -> Result<Self, GraphError> {
        let path = spec.folder.join(SOCKET);
        let failed = |source| GraphError::File { verb: "listen at", path: path.clone(), source };
        memory::bound_pools();
        let shared = Arc::new(Shared::new(spec)?);
        let listener = bind(&path).map_err(failed)?;
        let (woken, wake) = io::pipe().map_err(failed)?;
        let served = Arc::clone(&shared);
        let thread = thread::Builder::new().name("graph".to_owned()).spawn(move || accept(&served, &listener, &woken));
        let thread = thread.map_err(failed)?;
        Ok(Self { wake: Some(wake), thread: Some(thread), shared })
    }
}

impl Drop for Door {
    /// What was begun is finished; after that nothing more is carried out for this run.
    fn drop(&mut self) {
        self.shared.close();
        drop(self.wake.take());
        // A thread that panicked has said so.
        self.thread.take().map(JoinHandle::join);
    }
}

/// Whoever may search the folder could connect, which is the user, and the run's container in which it is mounted.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // A socket's address holds 107 bytes, which a home folder can use up: named by way of its open folder, it is short.
    let folder = File::open(path.parent().unwrap_or(Path::new("/")))?;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd()))?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Takes connections until the door closes.
fn accept(shared: &Arc<Shared>, listener: &UnixListener, woken: &io::PipeReader) {
    loop {
        let mut fds = [PollFd::new(listener, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
        let polled = poll(&mut fds, None);
        if !fds[1].revents().is_empty() {
            return;
        }
        if polled.is_err() || fds[0].revents().is_empty() {
            continue;
        }
        let Some(slot) = shared.connections.acquire(RECOVERY) else { continue };
        match listener.accept() {
            Ok((stream, _)) => {
                let served = Arc::clone(shared);
                let serve = move || {
                    let _slot = slot;
                    if is_of(&stream, served.spec.uid) {
                        // Whoever does not take the answer gets none.
                        drop(connection::serve(&served, stream));
                    }
                };
                // Without room for a thread the client finds its connection closed, and says so.
                drop(thread::Builder::new().stack_size(STACK).spawn(serve));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => thread::sleep(RECOVERY),
        }
    }
}

fn is_of(stream: &UnixStream, uid: u32) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid.as_raw() == uid)
}
