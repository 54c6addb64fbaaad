//! A run: one launch of an agent. Its record, what is watched while it lives, and its life from `preparing` to an outcome.

pub mod engine;
pub mod life;
pub mod record;
pub mod watch;
