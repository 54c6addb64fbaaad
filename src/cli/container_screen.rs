//! `bn container attach`, and what of `run` is about the agent's screen.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::screen::detach_keys::{self, DetachKeys};

pub const ATTACH_EXAMPLES: &str = "\
Ctrl-p Ctrl-q leaves the screen, and so does closing the window; the agent goes on.

Examples:
  bn container run -d -i --name agent-1 ../agent-1
  bn container attach agent-1
  bn container attach --detach-keys ctrl-a,d agent-1";

/// Whether the agent has a terminal, and whose.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ScreenArgs {
    /// The agent's own screen; with -d one that `attach` opens
    #[arg(short, long, help_heading = "How it runs")]
    pub interactive: bool,

    /// Closing the window leaves the agent running (see attach)
    #[arg(
        long, help_heading = "How it runs",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub detach_on_hangup: bool,
}

#[derive(Debug, Args)]
pub struct AttachArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// The keys that leave the screen
    #[arg(long, value_name = "KEYS", default_value = detach_keys::USUAL)]
    pub detach_keys: DetachKeys,

    /// Only look: what you type does not reach the agent
    #[arg(long)]
    pub no_stdin: bool,
}

#[derive(Debug, Args)]
pub struct HostArgs {
    /// Where windows find the screen
    pub socket: PathBuf,

    #[command(flatten)]
    pub size: SizeArgs,

    /// What this program is to do in it
    #[arg(last = true, required = true)]
    pub words: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct SizeArgs {
    #[arg(long)]
    pub rows: u16,

    #[arg(long)]
    pub columns: u16,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct PictureArgs {
    #[command(flatten)]
    pub size: SizeArgs,

    /// All of its lines as text, and not the screen as it is painted
    #[arg(long)]
    pub text: bool,
}
