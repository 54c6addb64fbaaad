//! What is written down about a run: its record, its states, its folder, its lock and its secrets.
//!
//! Every write is durable when it returns. Only the process that holds the lock writes.

pub mod census;
pub mod check;
mod error;
pub mod folder;
mod format_1;
pub mod graph_access;
pub mod hand_off;
pub mod lock;
pub mod logins;
pub mod run;
pub mod run_json;
pub mod secrets;
pub mod state;
pub mod store;
pub mod unreadable;

pub use error::RunError;
