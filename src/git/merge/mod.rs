//! Merging: the target is fast-forwarded to the collected work, or to what was made of it, where it is checked out or not,
//! and never anything else.

mod borrowed;
pub mod catch_up;
pub mod clashes;
pub mod conflict;
pub mod fast_forward;
pub mod filters;
pub mod incoming;
pub mod journal;
pub mod landed;
mod message;
pub mod remake;
mod scratch;
pub mod target_set_back;
pub mod trial;
