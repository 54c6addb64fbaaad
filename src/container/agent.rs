//! What an agent is told.

/// What an agent is told when nobody says anything else.
pub const DEFAULT_PROMPT: &str = "Look at `bn ready`, take the task that fits best with `bn task claim ID`, and complete it. \
Commit your work, close the task with `bn task close ID`, and end with `bn goodbye \"what you did\"`.";

/// The image's entrypoint, which builds the agent program's command line where it is given none.
pub const ENTRYPOINT: &str = "/usr/local/bin/binnacle-entrypoint";
