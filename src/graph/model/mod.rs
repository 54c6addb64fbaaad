//! What the graph is made of. Pure: nothing here reads or writes.

pub mod cycle;
pub mod event;
pub mod field_set;
pub mod fields;
pub mod foreign;
pub mod id;
pub mod link;
pub mod operation;
pub mod outline;
pub mod plan;
pub mod record;
pub mod rights;
pub mod session;
pub mod spaced;
pub mod task;
pub mod text;
pub mod timestamp;
pub mod tree;
