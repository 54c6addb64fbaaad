//! What an agent brings along and keeps: flags of `run`, and what the entrypoint starts for it.

use clap::{ArgAction, Args};

use crate::container::agent::Agent;

/// What the agent remembers, and what of the user's it gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct MemoryArgs {
    /// Go on with the agent's last session in this worktree
    #[arg(id = "continue", long = "continue", conflicts_with_all = ["command", "shell", "fresh"], help_heading = "What runs")]
    pub go_on: bool,

    /// Forget what it remembers of this worktree first
    #[arg(long, help_heading = "What runs")]
    pub fresh: bool,

    /// Give it copies of your own settings, without keys
    #[arg(
        long, help_heading = "What it gets",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub with_settings: bool,
}

#[derive(Debug, Args)]
pub struct AgentHomeArgs {
    /// The agent program
    #[arg(value_name = "NAME")]
    pub agent: Agent,
}

#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The agent program
    #[arg(value_name = "NAME", required_unless_present = "list", conflicts_with = "list")]
    pub agent: Option<Agent>,

    /// Run this in place of the program's own sign-in, such as `codex login --device-auth`
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["list", "with_token"])]
    pub command: Vec<String>,

    /// Say which agents are signed in, and since when
    #[arg(long)]
    pub list: bool,

    /// Read a token or key, and start no sign-in
    #[arg(long, conflicts_with = "list")]
    pub with_token: bool,

    /// The image of the sign-in's container: a tag of localhost/binnacle-self, or a full reference
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,

    /// Open more of the network to it (see run)
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub allow: Vec<String>,
}

#[derive(Debug, Args)]
pub struct LogoutArgs {
    /// The agent program
    #[arg(value_name = "NAME")]
    pub agent: Agent,
}
