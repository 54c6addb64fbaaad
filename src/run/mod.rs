//! A run: one launch of an agent. Its record, and its life from `preparing` to an outcome.

pub mod disk;
pub mod engine;
mod error;
pub mod finish;
pub mod folder;
mod follow;
pub mod gate;
pub mod hold;
pub mod lock;
pub mod prepare;
pub mod process;
pub mod record;
pub mod review;
pub mod secrets;
pub mod signals;
pub mod start;
pub mod state;
pub mod status;
pub mod stop;
pub mod store;
pub mod sweep;
pub mod terminal;
pub mod wall;
mod written;

pub use error::RunError;
