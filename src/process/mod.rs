//! Commands as values, and the only place that starts programs.

mod captured;
mod cmd;
mod error;
mod runner;

pub use captured::{Captured, exit_code, tail};
pub use cmd::Cmd;
pub use error::{ProcessError, last_line};
pub use runner::Runner;
