//! Models whose keys stay outside: an endpoint on the container's loopback stands for the interface of one, and the proxy adds the key.

pub mod api;
pub mod endpoint;
pub mod key;
pub mod open;
mod scan;
pub mod tally;
pub mod tls;
pub mod url;
