//! The network of a container.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How a container reaches the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    Egress,
    Host,
    None,
}
