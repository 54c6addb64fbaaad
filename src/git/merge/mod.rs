//! Merging: the target is fast-forwarded to the collected work, where it is checked out or not, and never anything else.

pub mod catch_up;
pub mod clashes;
pub mod fast_forward;
pub mod filters;
pub mod incoming;
pub mod journal;
pub mod landed;
pub mod target_set_back;
