//! Settings: what may stand in a configuration, where it came from, and which of several values counts.
//!
//! Nothing here reads a file or a variable.

pub mod document;
pub mod error;
pub mod key;
pub mod keys;
pub mod setting;
pub mod value;

/// The project's own file, read from the target's commit and from nowhere else.
pub const PROJECT_FILE: &str = ".binnacle/config.toml";
/// The user's own file, below the folder for configuration.
pub const USER_FILE: &str = "binnacle/config.toml";
/// A longer file is refused. Bytes.
pub const LONGEST: usize = 256 << 10;
