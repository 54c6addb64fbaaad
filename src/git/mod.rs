//! Git on the host: its commands, its answers, and the private git folder of a run.

pub mod discover;
