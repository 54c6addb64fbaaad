//! The way out of a container's network: the policy, the proxy on the host, the relay inside.
#![allow(dead_code)]

pub mod address;
pub mod host;
pub mod policy;
pub mod rule;
pub mod sets;
