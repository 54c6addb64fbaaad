//! Reading and removing where an agent has written.
//!
//! Code that opens a path below a worktree, or below another folder that a container could write to, does it through here:
//! no link is followed, nothing but regular files is opened, everything has a limit. It knows nothing of git's commands
//! or of a run.

mod entries;
mod error;
pub mod files;
pub mod nested;
pub mod nofollow;
pub mod quarantine;
pub mod remove;
pub mod sockets;
pub mod stamp;
pub mod tree;

pub use error::UntrustedError;
