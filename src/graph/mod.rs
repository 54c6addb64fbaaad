//! The task graph: its model, its queries, its store, and what can be asked of it.

pub mod door;
pub mod error;
pub mod model;
pub mod queries;
pub mod remote_error;
pub mod requests;
pub mod store;
