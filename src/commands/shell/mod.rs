//! What a shell is given: completions of command lines, and the manual pages.

mod candidates;
pub mod completions;
pub mod man;
