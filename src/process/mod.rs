//! Commands as values, and the only place that starts programs.

mod captured;
mod cmd;
mod error;
pub mod install;
mod rehearsal;
mod runner;
pub mod sudo;

pub use captured::{Captured, Watched, exit_code, tail};
pub use cmd::{Bounds, Cmd, UNKNOWN};
pub use error::{ProcessError, last_line};
pub use runner::Runner;
