//! The door to a graph that another process holds: one line of JSON in, one line out, over a unix socket.
//!
//! The owner of a run opens the store and listens ([`Door`]); `bn` in its container asks ([`Client`]). Who speaks is what the owner
//! says: a client's own word is a label. A request is one transaction, and one that does not come whole changes nothing.

mod client;
mod connection;
mod dispatch;
mod listen;
mod memory;
mod protocol;
mod semaphore;
mod shared;
mod spool;

pub use client::Client;
pub use listen::Door;
pub use shared::DoorSpec;

#[cfg(test)]
mod tests;
