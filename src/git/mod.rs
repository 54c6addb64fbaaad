//! Git: the host's repository, the private git folder of a run, taking over what the agent committed, and merging it.
//!
//! The agent works in a repository of its own (the private folder) that borrows the host's objects. Afterwards objects
//! and commit ids are taken out of it by bn's own parser; no host git ever reads that folder or its configuration.
//! The rooms stand in the order in which a run passes them, and each knows only those before it.

pub mod collect;
pub mod host;
pub mod merge;
pub mod private;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
