//! Git on the host: its commands, its answers, and the private git folder of a run.
//!
//! The agent works in a repository of its own (the private folder) that borrows the host's objects. Afterwards objects
//! and commit ids are taken out of it by a parser of ours; no host git ever reads that folder or its configuration.

mod bare;
pub mod branch;
pub mod changes;
pub mod checkout;
mod clashes;
pub mod collect;
mod config;
pub mod discover;
mod error;
mod fetch;
pub mod finish;
mod hand_over;
mod harvest;
pub mod hooks;
mod host;
pub mod identity;
mod ignored;
mod in_tree;
pub mod links;
pub mod lying;
pub mod merge;
pub mod mounts;
mod nested;
pub mod nofollow;
mod path_json;
mod pins;
pub mod prepare;
mod private_config;
mod private_logs;
mod private_refs;
mod quarantine;
mod refs;
mod remotes;
pub mod remove;
pub mod repository;
pub mod run_git;
pub mod show;
mod snapshot;
mod sockets;
mod take;
pub mod target;
pub mod view;
pub mod worktree_add;
mod worktrees;

pub use error::GitError;
pub use host::Git;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
