//! The way in: ports of the host that lead to programs on a container's loopback, for as long as its run lasts.
//!
//! The host listens, and the dialler inside connects: it hands the host sockets that are connected there. So the host dials nobody,
//! whatever the agent says, and needs no privilege to enter the container's network.

mod client;
pub mod dialler;
mod door;
mod listen;
pub mod published;
mod shared;
pub mod state;
mod words;

pub use door::{Door, DoorSpec};
pub use listen::{check, refusal};

#[cfg(test)]
mod tests;
