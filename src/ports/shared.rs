//! What the clients of a run's ports share.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, oneshot};

use crate::egress::stream::Stream;
use crate::ports::state::Ports;

/// Clients at once, of all ports of a run together. One more is turned away.
const CLIENTS_MAX: usize = 128;
/// Connections from inside at once.
const ANSWERS_MAX: usize = 256;

/// What all clients share.
pub struct Shared {
    /// On which requests are written.
    pub dialler: tokio::sync::Mutex<Option<Arc<Stream>>>,
    pub last: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<OwnedFd>>>,
    pub clients: Arc<Semaphore>,
    pub answers: Arc<Semaphore>,
    open: Mutex<Ports>,
    state: PathBuf,
}

impl Shared {
    pub fn new(state: PathBuf) -> Self {
        Self {
            dialler: tokio::sync::Mutex::new(None),
            last: AtomicU64::new(1),
            waiting: Mutex::default(),
            clients: Arc::new(Semaphore::new(CLIENTS_MAX)),
            answers: Arc::new(Semaphore::new(ANSWERS_MAX)),
            open: Mutex::default(),
            state,
        }
    }

    pub fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<OwnedFd>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known to be open, and writes it down. Who asks learns nothing where the disk is full, and says so.
    pub fn tell(&self, change: impl FnOnce(&mut Ports)) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut open);
        open.write(&self.state)
    }

    /// How many ports are open.
    pub fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).open().count()
    }
}
