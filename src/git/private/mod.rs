//! The private git folder of a run: what the agent's git works in, and how it is mounted.
//!
//! It is made before the container starts, from the host's refs and settings, and borrows the host's objects. No command
//! of the host's git is ever pointed at it.

pub mod bare;
pub mod config;
mod hook_programs;
pub mod hooks;
mod identity;
pub mod ignored;
pub mod kept_git;
pub mod mounts;
pub mod prepare;
mod publish;
mod remotes;
pub mod run_git;
mod submodules;
mod survey;
pub mod view;
pub mod ways;

pub use run_git::{RunGit, Start};
