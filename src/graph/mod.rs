//! The task graph: its model, its queries and its store.

pub mod error;
pub mod model;
pub mod queries;
pub mod store;
