//! What the graph is made of. Pure: nothing here reads or writes.

pub mod event;
pub mod id;
pub mod link;
pub mod moment;
pub mod session;
pub mod task;
pub mod text;
