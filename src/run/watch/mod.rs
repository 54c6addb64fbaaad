//! What is looked at and handled while a container runs: its wall, its disk, its output, signals, the terminal, the
//! way out of its network, and the way in.
//!
//! Nothing here decides what becomes of a run.

pub mod activity;
pub mod disk;
pub mod doors;
pub mod follow;
pub mod graph;
pub mod job_control;
pub mod ports;
pub mod proxy;
pub mod refusals;
pub mod signals;
pub mod status;
pub mod terminal;
pub mod times;
pub mod told;
pub mod usage;
pub mod wall;
pub mod written;
