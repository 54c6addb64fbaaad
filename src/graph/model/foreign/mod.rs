//! What other trackers export, as issues that the graph can take in.

mod beads;
mod github;
pub mod issue;
pub mod source;
