//! The repository that a run may push to: an endpoint on the container's loopback stands for it, and the proxy adds the credential.

pub mod commands;
pub mod open;
pub mod spec;
