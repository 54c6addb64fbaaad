//! The host's repository as the host's git knows it: checkouts, refs, configuration, the user's files.
//!
//! Every call names its git folder and its worktree, and runs no hook and no monitor. Nothing here knows of a run, and
//! nothing here reads what an agent wrote but as objects whose ids were given.

mod ahead;
pub mod changes;
pub mod checkout;
pub mod cherry;
pub mod config;
pub mod copies;
pub mod created;
pub mod discover;
mod error;
pub mod file_count;
pub mod git;
pub mod in_tree;
pub mod index;
pub mod index_file;
mod lasting;
pub mod lfs;
pub mod links;
pub mod main_checkout;
pub mod object_links;
pub mod objects;
mod open;
pub mod origin;
pub mod pager;
pub mod refs;
pub mod repository;
pub mod show;
pub mod snapshot;
pub mod target;
pub mod worktree_add;
mod worktree_files;
pub mod worktrees;

pub use error::GitError;
pub use git::Git;
