//! The way out of a container's network: the policy, the proxy on the host, the relay inside.

pub mod address;
mod dns;
mod greeting;
pub mod host;
mod http;
pub mod live_rules;
pub mod log;
pub mod next_hop;
pub mod policy;
mod proxy;
mod pump;
pub mod relay;
mod reloaded;
pub mod rule;
pub mod sets;
mod stream;
pub mod summary;
pub mod variables;

pub use proxy::{Proxy, ProxySpec};
