//! `bn container run …`

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::cli::container_agent::MemoryArgs;
use crate::cli::container_look::BELL;
use crate::cli::container_screen::ScreenArgs;
use crate::cli::given::Given;
use crate::container::again::RetryOf;
use crate::container::agent::{Agent, AgentType};
use crate::container::network::Network;
use crate::egress::model::endpoint::Keys;
use crate::egress::origin::spec::Push;

pub const RUN_EXAMPLES: &str = "\
Examples:
  bn container run ../agent-1
  bn container run --create -b fix ../fix --agent claude --prompt 'Fix the test'
  bn container run -d --timeout 2h --memory 8g --only @github ../agent-1
  bn container run ../agent-1 -- make test";

#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Which of these were typed: a configuration does not change them. Read before the others, which take their words away.
    #[command(flatten)]
    pub given: Given,

    /// The run that this one tries again. `retry` says it, and no flag.
    #[arg(skip)]
    pub retry_of: Option<RetryOf>,

    /// It is an agent program's own sign-in. `login` says it, and no flag.
    #[arg(skip)]
    pub signs_in: bool,

    /// The checkout to work on [default: the one that you are in]
    #[arg(value_name = "WORKTREE")]
    pub worktree: Option<PathBuf>,

    /// Run this in place of the agent program
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,

    /// The agent: copilot, claude, codex
    #[arg(
        long,
        value_name = "NAME",
        hide_possible_values = true,
        default_value = "copilot",
        conflicts_with = "command",
        help_heading = "What runs"
    )]
    pub agent: Agent,

    /// What to tell the agent [default: $BN_INITIAL_PROMPT, or to take a ready task]
    #[arg(long, value_name = "TEXT", help_heading = "What runs")]
    pub prompt: Option<String>,

    /// The agent's role [default: $BN_AGENT_TYPE, or worker]
    #[arg(
        id = "type",
        long = "type",
        value_name = "TYPE",
        default_value = "worker",
        hide_default_value = true,
        help_heading = "What runs"
    )]
    pub agent_type: AgentType,

    /// Open a shell there: no agent, no merge
    #[arg(long, conflicts_with_all = ["command", "detach", "prompt"], help_heading = "What runs")]
    pub shell: bool,

    /// Give it KEY=VALUE, or the value that KEY has here
    #[arg(short, long, value_name = "KEY[=VALUE]", help_heading = "What runs")]
    pub env: Vec<String>,

    /// Give the agent a variable that must be set here
    #[arg(long, value_name = "KEY", help_heading = "What runs")]
    pub secret: Vec<String>,

    /// Run this there before the agent, such as 'npm ci'
    #[arg(long, value_name = "COMMAND", help_heading = "What runs")]
    pub setup: Option<String>,

    /// Forward the SSH agent's socket; needs --network host
    #[arg(
        long, help_heading = "What runs",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub ssh: bool,

    /// Leave your git hooks out
    #[arg(
        long, help_heading = "What runs",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub no_hooks: bool,

    /// Use no caches of package managers, and leave none
    #[arg(
        long, help_heading = "What runs",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub no_cache: bool,

    #[command(flatten)]
    pub remembers: MemoryArgs,

    /// Give it a folder or file of yours to read; SRC:DST:rw: to write, too
    #[arg(long, value_name = "SRC[:DST]", help_heading = "What it gets")]
    pub mount: Vec<String>,

    /// Its name [default: $BN_AGENT_NAME, or the time]
    #[arg(long, help_heading = "How it runs")]
    pub name: Option<String>,

    /// The image: a tag of localhost/binnacle-self, or a full reference
    #[arg(long, value_name = "TAG", default_value = "latest", help_heading = "How it runs")]
    pub tag: String,

    /// Take the image, ports, variables and commands of devcontainer.json
    #[arg(
        long, help_heading = "How it runs",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub devcontainer: bool,

    /// Return once the container runs
    #[arg(
        short, long, help_heading = "How it runs",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub detach: bool,

    #[command(flatten)]
    pub screen: ScreenArgs,

    /// Ring when it has ended, or start COMMAND (see wait)
    #[arg(long, value_name = "COMMAND", num_args = 0..=1, require_equals = true, default_missing_value = BELL, help_heading = "How it runs")]
    pub notify: Option<String>,

    /// Print the commands of the run, and change nothing
    #[arg(long, help_heading = "How it runs")]
    pub dry_run: bool,

    /// The branch that finished work goes to [default: $BN_MERGE_TARGET, or main, or the repository's default branch]
    #[arg(long, value_name = "BRANCH", help_heading = "Where the work goes")]
    pub merge_target: Option<String>,

    /// Leave the work on its own branch
    #[arg(
        long, help_heading = "Where the work goes",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub no_merge: bool,

    #[command(flatten)]
    pub checks: CheckArgs,

    /// Make the worktree and its branch first
    #[arg(long, requires = "branch", help_heading = "Where the work goes")]
    pub create: bool,

    /// The branch that --create makes
    #[arg(short, long, value_name = "BRANCH", requires = "create", help_heading = "Where the work goes")]
    pub branch: Option<String>,

    /// CPUs for the agent, such as 1.5 [default: all]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Limits")]
    pub cpus: Option<String>,

    /// Memory for the agent, such as 8g [default: three quarters of the machine's]
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true, help_heading = "Limits")]
    pub memory: Option<String>,

    /// Its processes and threads [default: 4096]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Limits")]
    pub pids_limit: Option<String>,

    /// Bytes that it may write to disk, such as 20g [default: half of what is free]
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true, help_heading = "Limits")]
    pub disk: Option<String>,

    /// Stop it after that: 30m or 2h [default: never]
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub timeout: Option<String>,

    /// Filter system calls by this OCI profile
    #[arg(long, value_name = "FILE", help_heading = "Limits")]
    pub seccomp_profile: Option<PathBuf>,

    /// Its rights to the task graph: agent, read-only, files (the file itself), or the ID of a task and what is below it
    #[arg(long, value_name = "RIGHTS", default_value = "agent", help_heading = "Limits")]
    pub graph: String,

    /// Reach public hosts through bn's proxy (egress), what the host reaches (host), or nothing (none)
    #[arg(long, value_name = "MODE", default_value = "egress", hide_possible_values = true, help_heading = "Network")]
    pub network: Network,

    /// Lead this machine's port 3000, or 8080:3000, to the container's
    #[arg(long, value_name = "[ADDRESS:][HOSTPORT:]PORT", value_delimiter = ',', help_heading = "Network")]
    pub publish: Vec<String>,

    /// Keep model APIs' keys outside (outside), or give them to the agent (inside)
    #[arg(
        long,
        value_name = "WHERE",
        default_value = "outside",
        hide_possible_values = true,
        help_heading = "Network"
    )]
    pub keys: Keys,

    /// Ask this model at URL, with the key in $NAME_API_KEY
    #[arg(long, value_name = "NAME=URL", value_delimiter = ',', help_heading = "Network")]
    pub model_endpoint: Vec<String>,

    /// Let it push to origin: its own branch (branch), or any (all)
    #[arg(
        long,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "branch",
        default_value = "no",
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Network"
    )]
    pub push: Push,

    #[command(flatten)]
    pub egress: NetworkArgs,
}

/// What is tried before finished work lands.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct CheckArgs {
    /// Merge only if `sh -c CMD` passes on the merged result, in a fresh container
    #[arg(long, value_name = "CMD", help_heading = "Where the work goes")]
    pub check: Option<String>,

    /// The network of --check: none, egress or host
    #[arg(
        long,
        value_name = "MODE",
        default_value = "none",
        hide_possible_values = true,
        hide_default_value = true,
        help_heading = "Where the work goes"
    )]
    pub check_network: Network,

    /// How long --check may take [default: 30m]
    #[arg(long, value_name = "TIME", help_heading = "Where the work goes")]
    pub check_timeout: Option<String>,
}

/// What is open where the network leaves through the proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct NetworkArgs {
    /// Open more: a host, an address, a network or a set (see allow-sets)
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',', help_heading = "Network")]
    pub allow: Vec<String>,

    /// Open nothing but these (and what --allow names)
    #[arg(long, value_name = "HOST[:PORT]", num_args = 1.., value_delimiter = ',', help_heading = "Network")]
    pub only: Vec<String>,

    /// Let HTTPS_PROXY look names up; bn cannot check their addresses
    #[arg(
        long, help_heading = "Network",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub upstream_by_name: bool,
}
