//! `bn container …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum ContainerCommand {
    /// Build the image that agents run in
    Build(BuildArgs),
    /// Run an agent in a container on a worktree, and merge what it commits
    Run(Box<RunArgs>),
    /// Stop running containers; what their agents committed is kept
    Stop(StopArgs),
    /// List containers
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Print what an agent wrote to its terminal
    Logs(LogsArgs),
    /// Finish a run whose work is not on its target yet
    Merge(MergeArgs),
    /// Forget ended runs that hold no unmerged work, and say why others are kept
    Prune(PruneArgs),
    /// Look at this machine: what is missing, what is old, what is open too wide
    Doctor,
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

/// An agent program that a run can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Agent {
    Copilot,
    Claude,
    Codex,
}

/// What an agent is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentType {
    #[value(alias = "coder")]
    Worker,
    Planner,
    Buddy,
}

/// How a container reaches the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Public hosts, through a proxy that bn holds (see --allow and --only)
    Egress,
    /// The host's own network, with everything that listens on it
    Host,
    /// Loopback alone
    None,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The checkout to work on; the current folder by default
    #[arg(value_name = "WORKTREE")]
    pub worktree: Option<PathBuf>,

    /// Run this in place of the agent program
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,

    /// What the agent is there for
    #[arg(long = "type", value_name = "TYPE", default_value = "worker")]
    pub agent_type: AgentType,

    /// Name of the container; binnacle-self-<unix seconds>-<random> by default
    #[arg(long)]
    pub name: Option<String>,

    /// The branch that the finished work goes to; main, or else the default branch
    #[arg(long, value_name = "BRANCH")]
    pub merge_target: Option<String>,

    /// Leave the work on its own branch
    #[arg(long)]
    pub no_merge: bool,

    /// Return once the container runs
    #[arg(short, long)]
    pub detach: bool,

    /// How many CPUs it may use, such as 1.5
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub cpus: Option<String>,

    /// How much memory it may use, such as 8g or 512m
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true)]
    pub memory: Option<String>,

    /// How many processes and threads it may have [default: 4096]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub pids_limit: Option<String>,

    /// How much it may write to disk, such as 20g; half of what is free by default
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true)]
    pub disk: Option<String>,

    /// The image: a tag of localhost/binnacle-self, or a full reference
    #[arg(long, value_name = "TAG", default_value = "latest")]
    pub tag: String,

    /// The agent program
    #[arg(long, value_name = "NAME", default_value = "copilot", conflicts_with = "command")]
    pub agent: Agent,

    /// What to tell the agent [default: $BN_INITIAL_PROMPT, or to take a task from `bn ready`]
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,

    /// Stop the agent after this long, such as 90s, 30m or 2h
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,

    /// Open a shell in the same container: no agent, no merge
    #[arg(long, conflicts_with_all = ["command", "detach", "prompt"])]
    pub shell: bool,

    /// Give the agent a variable: KEY=VALUE, or KEY for the value it has here
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    pub env: Vec<String>,

    /// Give the agent a variable that must be set here and not be empty
    #[arg(long, value_name = "KEY")]
    pub secret: Vec<String>,

    /// Forward the SSH agent's socket (never the keys)
    #[arg(long)]
    pub ssh: bool,

    /// Make the worktree, and its branch, first
    #[arg(long, requires = "branch", conflicts_with = "dry_run")]
    pub create: bool,

    /// The branch that --create makes
    #[arg(short, long, value_name = "BRANCH", requires = "create")]
    pub branch: Option<String>,

    /// How it reaches the network
    #[arg(long, value_name = "MODE", default_value = "egress")]
    pub network: Network,

    /// Filter system calls by this profile (OCI's JSON) in place of bn's own
    #[arg(long, value_name = "FILE")]
    pub seccomp_profile: Option<PathBuf>,
    #[command(flatten)]
    pub egress: NetworkArgs,

    /// Print what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What is open where the network leaves through the proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct NetworkArgs {
    /// Open this too: a host, an address, a network or a named set (see allow-sets)
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub allow: Vec<String>,

    /// Open nothing but these (and what --allow names)
    #[arg(long, value_name = "HOST[:PORT]", num_args = 1.., value_delimiter = ',')]
    pub only: Vec<String>,

    /// Let the host's own HTTPS_PROXY look names up: the addresses it finds are not checked
    #[arg(long)]
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
