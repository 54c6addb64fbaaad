//! Commands as values, and the only place that starts programs.

mod bounds;
mod captured;
mod cmd;
mod conversation;
mod error;
pub mod install;
mod rehearsal;
mod runner;
mod running;
pub mod sudo;
mod within;

pub use bounds::Bounds;
pub use captured::{Captured, Watched, bytes_written, exit_code, tail};
pub use cmd::{Cmd, UNKNOWN};
pub use conversation::Conversation;
pub use error::{ProcessError, last_line};
pub use runner::Runner;
pub use running::Begun;
