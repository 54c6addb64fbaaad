//! What all connections to one door share.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use crate::graph::door::semaphore::Semaphore;
use crate::graph::door::spool::Spool;
use crate::graph::error::GraphError;
use crate::graph::model::session::Actor;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::store::{Site, Store};

/// Connections at once. Others wait to be accepted, as the kernel has it.
const CONNECTIONS: usize = 64;
/// Requests that are carried out at once: the host's processors are not the agent's.
const AT_ONCE: usize = 2;
/// Answers on the disk at once.
const FILES: usize = 8;
/// What one answer may hold in memory.
const ROOM: usize = 4 << 20;
/// Everything that an owner has to know in order to serve a run.
#[derive(Debug)]
pub struct DoorSpec {
    /// The folder that the container sees, read-only: gets the socket.
    pub folder: PathBuf,
    /// A folder on the disk for large answers, out of the container's sight.
    pub answers: PathBuf,
    pub site: Site,
    /// The run's agent: every change is made in its name.
    pub actor: Actor,
    /// The container's user.
    pub uid: u32,
    pub clock: fn() -> Timestamp,
}

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    pub spec: DoorSpec,
    pub turns: Arc<Semaphore>,
    pub long_requests: Arc<Semaphore>,
    pub connections: Arc<Semaphore>,
    files: Arc<Semaphore>,
    /// Open graphs that nobody uses at this moment.
    stores: Mutex<Vec<Store>>,
    open: RwLock<bool>,
}

impl Shared {
    /// Opens the graph, so that whoever cannot serve says so at once.
    pub fn new(spec: DoorSpec) -> Result<Self, GraphError> {
        let store = open_store(&spec)?;
        Ok(Self {
            spec,
            turns: Semaphore::new(AT_ONCE),
            long_requests: Semaphore::new(1),
            connections: Semaphore::new(CONNECTIONS),
            files: Semaphore::new(FILES),
            stores: Mutex::new(vec![store]),
            open: RwLock::new(true),
        })
    }

    /// Returns once nothing is carried out any more, and nothing will be.
    pub fn close(&self) {
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = false;
    }

    /// Held while a request is carried out. `None`: the run is over.
    pub fn still_open(&self) -> Option<RwLockReadGuard<'_, bool>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.then_some(open)
    }

    pub fn spool(&self) -> Spool {
        Spool::new(self.spec.answers.clone(), Arc::clone(&self.files))
    }

    /// Works with an open graph, and keeps it open for the next unless it failed.
    pub fn with_store<T>(
        &self,
        work: impl FnOnce(&Store) -> T,
        failed: impl FnOnce(&T) -> bool,
    ) -> Result<T, GraphError> {
        let kept = self.stores().pop();
        let store = kept.map_or_else(|| open_store(&self.spec), Ok)?;
        let done = work(&store);
        if !failed(&done) {
            self.stores().push(store);
        }
        Ok(done)
    }

    fn stores(&self) -> MutexGuard<'_, Vec<Store>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_store(spec: &DoorSpec) -> Result<Store, GraphError> {
    Ok(Store::open(&spec.site)?.limit_answers(ROOM))
}
