//! `bn container …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::container::agent::{Agent, AgentType};
use crate::container::network::Network;

const RUN_EXAMPLES: &str = "\
Examples:
  bn container run ../agent-1
  bn container run --create -b fix ../fix --agent claude --prompt 'Fix the test'
  bn container run -d --timeout 2h --memory 8g --only @github ../agent-1
  bn container run ../agent-1 -- make test";

#[derive(Debug, Subcommand)]
pub enum ContainerCommand {
    /// Build the image that agents run in
    Build(BuildArgs),
    /// Run an agent in a container on a worktree, and merge what it commits
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Stop running containers; what their agents committed is kept
    Stop(StopArgs),
    /// Wait until runs have ended, and exit as `run` would have
    Wait(WaitArgs),
    /// List containers
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Print what an agent wrote to its terminal
    Logs(LogsArgs),
    /// Finish a run whose work is not on its target yet
    Merge(MergeArgs),
    /// Give a run up, whatever state it is in; a copy of what it made is kept for thirty days
    Discard(DiscardArgs),
    /// Forget ended runs that hold no unmerged work, and say why others are kept
    Prune(PruneArgs),
    /// Look at this machine: what is missing, what is old, what is open too wide
    Doctor(DoctorArgs),
    /// Print everything about a run: its record, and the wall that is really around it
    Inspect(InspectArgs),
    /// Open more of the network for a run that is going on
    Allow(AllowArgs),
    /// List the named sets of hosts that --allow and --only take
    AllowSets,
    /// Connect the container to the host's egress proxy; the entrypoint starts this itself
    #[command(hide = true)]
    Relay(RelayArgs),
    /// Become another program that can make no socket beside the graph; the entrypoint does this itself
    #[command(hide = true)]
    Enclose(EncloseArgs),
    /// Hold on to a detached run until it ends; bn starts this itself
    #[command(hide = true)]
    Own(OwnArgs),
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print what to send of a machine that bn was not tried on; also tries a run. Nothing in it is secret
    #[arg(long)]
    pub report: bool,
}

#[derive(Debug, Args)]
pub struct BuildArgs {
    /// A tag for localhost/binnacle-self, or a full reference
    #[arg(long, value_name = "TAG", default_value = "latest")]
    pub tag: String,

    /// Build every layer anew
    #[arg(long)]
    pub no_cache: bool,

    /// Build this definition instead of the project's or bn's own
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Start from this image
    #[arg(long, value_name = "REF")]
    pub base_image: Option<String>,

    /// Install these agent programs: copilot, claude, codex or none
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub agent: Vec<AgentProgram>,

    /// Install these system packages too
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub package: Vec<String>,

    /// Print the commands and run none
    #[arg(long)]
    pub dry_run: bool,
}

/// An agent program that an image can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AgentProgram {
    Copilot,
    Claude,
    Codex,
    None,
}

#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The checkout to work on [default: the one that you are in]
    #[arg(value_name = "WORKTREE")]
    pub worktree: Option<PathBuf>,

    /// Run this in place of the agent program
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,

    /// The agent program
    #[arg(
        long,
        value_name = "NAME",
        default_value = "copilot",
        conflicts_with = "command",
        help_heading = "What runs"
    )]
    pub agent: Agent,

    /// What to tell the agent [default: $BN_INITIAL_PROMPT, or to take a ready task]
    #[arg(long, value_name = "TEXT", help_heading = "What runs")]
    pub prompt: Option<String>,

    /// What the agent is there for [default: $BN_AGENT_TYPE, or worker]
    #[arg(long = "type", value_name = "TYPE", help_heading = "What runs")]
    pub agent_type: Option<AgentType>,

    /// Open a shell in the same container: no agent, no merge
    #[arg(long, conflicts_with_all = ["command", "detach", "prompt"], help_heading = "What runs")]
    pub shell: bool,

    /// Give the agent a variable: KEY=VALUE, or KEY for the value it has here
    #[arg(short, long, value_name = "KEY[=VALUE]", help_heading = "What runs")]
    pub env: Vec<String>,

    /// Give the agent a variable that must be set here and not be empty
    #[arg(long, value_name = "KEY", help_heading = "What runs")]
    pub secret: Vec<String>,

    /// Forward the SSH agent's socket (never the keys); needs --network host
    #[arg(long, help_heading = "What runs")]
    pub ssh: bool,

    /// Leave your git hooks out, such as those whose programs the image lacks
    #[arg(long, help_heading = "What runs")]
    pub no_hooks: bool,

    /// Name of the run [default: $BN_AGENT_NAME, or one made of the time]
    #[arg(long, help_heading = "How it runs")]
    pub name: Option<String>,

    /// The image: a tag of localhost/binnacle-self, or a full reference
    #[arg(long, value_name = "TAG", default_value = "latest", help_heading = "How it runs")]
    pub tag: String,

    /// Return once the container runs
    #[arg(short, long, help_heading = "How it runs")]
    pub detach: bool,

    /// Print the commands that would be started, and change nothing
    #[arg(long, help_heading = "How it runs")]
    pub dry_run: bool,

    /// The branch that finished work goes to [default: $BN_MERGE_TARGET, or main, or the repository's default branch]
    #[arg(long, value_name = "BRANCH", help_heading = "Where the work goes")]
    pub merge_target: Option<String>,

    /// Leave the work on its own branch
    #[arg(long, help_heading = "Where the work goes")]
    pub no_merge: bool,

    /// Make the worktree, and its branch, first
    #[arg(long, requires = "branch", conflicts_with = "dry_run", help_heading = "Where the work goes")]
    pub create: bool,

    /// The branch that --create makes
    #[arg(short, long, value_name = "BRANCH", requires = "create", help_heading = "Where the work goes")]
    pub branch: Option<String>,

    /// CPUs that it may use, such as 1.5 [default: all]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Limits")]
    pub cpus: Option<String>,

    /// Memory that it may use, such as 8g [default: three quarters of the machine's]
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true, help_heading = "Limits")]
    pub memory: Option<String>,

    /// Processes and threads that it may have [default: 4096]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Limits")]
    pub pids_limit: Option<String>,

    /// What it may write to disk, such as 20g [default: half of what is free]
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true, help_heading = "Limits")]
    pub disk: Option<String>,

    /// Stop the agent after this long, such as 90s, 30m or 2h [default: never]
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub timeout: Option<String>,

    /// Filter system calls by this profile (OCI's JSON) in place of bn's own
    #[arg(long, value_name = "FILE", help_heading = "Limits")]
    pub seccomp_profile: Option<PathBuf>,

    /// Reach public hosts through bn's proxy (egress), what the host reaches (host), or nothing (none)
    #[arg(long, value_name = "MODE", default_value = "egress", hide_possible_values = true, help_heading = "Network")]
    pub network: Network,

    #[command(flatten)]
    pub egress: NetworkArgs,
}

/// What is open where the network leaves through the proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct NetworkArgs {
    /// Open this too: a host, an address, a network or a named set (see allow-sets)
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',', help_heading = "Network")]
    pub allow: Vec<String>,

    /// Open nothing but these (and what --allow names)
    #[arg(long, value_name = "HOST[:PORT]", num_args = 1.., value_delimiter = ',', help_heading = "Network")]
    pub only: Vec<String>,

    /// Let the host's own HTTPS_PROXY look names up: the addresses it finds are not checked
    #[arg(long, help_heading = "Network")]
    pub upstream_by_name: bool,
}

#[derive(Debug, Args)]
pub struct AllowArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: String,

    /// What to open: a host, an address, a network or a named set (see allow-sets)
    #[arg(value_name = "HOST[:PORT]", required = true)]
    pub hosts: Vec<String>,
}

#[derive(Debug, Args)]
pub struct RelayArgs {
    /// The proxy's socket, as it is mounted here
    #[arg(long, value_name = "PATH", default_value = "/run/binnacle/egress/proxy.sock")]
    pub socket: PathBuf,

    /// Where the programs in here find it
    #[arg(long, value_name = "ADDRESS:PORT", default_value = crate::egress::variables::INSIDE)]
    pub listen: std::net::SocketAddr,
}

#[derive(Debug, Args)]
pub struct EncloseArgs {
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<std::ffi::OsString>,
}

/// Whose runs a command speaks of.
#[derive(Debug, Args)]
pub struct ScopeArgs {
    /// Those of all repositories, and not of this one alone
    #[arg(long)]
    pub all_repositories: bool,
}

#[derive(Debug, Args)]
pub struct DiscardArgs {
    /// The run
    #[arg(value_name = "NAME")]
    pub name: String,

    /// Ask nothing
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct PruneArgs {
    #[command(flatten)]
    pub scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub struct StopArgs {
    /// The runs to stop, of whatever repository; the first letters of a name will do
    #[arg(value_name = "NAME", conflicts_with = "all_repositories")]
    pub names: Vec<String>,

    /// Stop every run of this repository
    #[arg(long, conflicts_with = "names")]
    pub all: bool,

    #[command(flatten)]
    pub scope: ScopeArgs,

    /// How long an agent may take to end by itself
    #[arg(short, long, value_name = "SECONDS", default_value_t = 10)]
    pub time: u32,
}

#[derive(Debug, Args)]
pub struct WaitArgs {
    /// The runs to wait for; the first letters of a name will do
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Every run of this repository that goes on
    #[arg(long, conflicts_with = "names")]
    pub all: bool,

    /// Wait for the first to end, and not for each
    #[arg(long)]
    pub any: bool,

    /// Wait no longer than this, such as 90s, 30m or 2h; then exit with 124
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// The ended runs too
    #[arg(short, long)]
    pub all: bool,

    /// Names only
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Go on until the run ends, and exit as `run` would have
    #[arg(short, long)]
    pub follow: bool,

    /// The last N lines only
    #[arg(short = 'n', long, value_name = "N")]
    pub tail: Option<usize>,
}

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Merge changes to files that programs run without asking; look at them first
    #[arg(long)]
    pub accept_handoff: bool,

    /// Also where the agent failed, was cut off or ran out of memory or disk; without this, a terminal is asked
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct OwnArgs {
    /// The run's folder
    pub folder: PathBuf,
}
