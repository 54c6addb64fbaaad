//! The way out of a container's network: the policy, the proxy on the host, the relay inside.

pub mod address;
pub mod descriptor;
mod dns;
mod greeting;
pub mod host;
mod http;
pub mod live_rules;
pub mod local_socket;
pub mod log;
pub mod model;
pub mod news;
pub mod next_hop;
pub mod origin;
mod own_address;
pub mod policy;
mod proxy;
pub mod pump;
pub mod relay;
pub mod reloaded;
pub mod rule;
pub mod sets;
pub mod stream;
pub mod summary;
pub mod variables;
pub mod verdict;

pub use proxy::{Proxy, ProxySpec};
