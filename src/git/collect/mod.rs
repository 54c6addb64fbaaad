//! Collecting: what the agent committed comes over into refs of the run, and its branch follows.
//!
//! Refs and reflogs of the private folder are read by bn's own parser, objects are linked into a folder that git may
//! look at, and git checks each before it takes it. Every step may be taken again after a crash in the middle of it.

pub mod branch;
pub mod bundle;
pub mod collected;
pub mod comparison;
mod fetch;
mod hand_over;
mod ids;
pub mod kept;
mod lfs;
pub mod look;
mod lost_commits;
pub mod lying;
pub mod plan;
mod reflogs;
mod refs;
pub mod run_refs;
pub mod submodules;
mod take;
pub mod take_over;
pub mod trailers;
pub mod unpacked;
