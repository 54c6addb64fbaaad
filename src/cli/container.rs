//! `bn container …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub use crate::cli::container_agent::{AgentHomeArgs, LoginArgs, LogoutArgs};
pub use crate::cli::container_build::{AgentProgram, BuildArgs, DoctorArgs};
pub use crate::cli::container_inside::{DiallerArgs, DropRootArgs, RelayArgs, RestrictArgs};
pub use crate::cli::container_land::{DiscardArgs, MergeArgs, PruneArgs, RetryArgs};
pub use crate::cli::container_look::{
    BELL, DiffArgs, EventsArgs, InspectArgs, ListArgs, LogArgs, LogsArgs, ScopeArgs, StatsArgs, TopArgs, WaitArgs,
};
pub use crate::cli::container_run::{CheckArgs, RunArgs};
pub use crate::cli::container_screen::{AttachArgs, HostArgs, PictureArgs};

use crate::cli::container_land::{MERGE_EXAMPLES, RETRY_EXAMPLES};
use crate::cli::container_look::{DIFF_EXAMPLES, EVENTS_EXAMPLES, LIST_EXAMPLES, TOP_EXAMPLES};
use crate::cli::container_run::RUN_EXAMPLES;
use crate::cli::container_screen::ATTACH_EXAMPLES;

const EXEC_EXAMPLES: &str = "\
Examples:
  bn container exec agent-1 -- git log --oneline
  bn container exec agent-1 -- make test >test.log";

const LOGIN_EXAMPLES: &str = "\
Examples:
  bn container login claude
  bn container login codex -- codex login --device-auth
  gh auth token | bn container login copilot
  bn container login --list";

const PAUSE_EXAMPLES: &str = "\
Examples:
  bn container pause agent-1 agent-2
  bn container resume agent-1 agent-2";

const PORT_EXAMPLES: &str = "\
Examples:
  bn container port agent-1
  bn container port agent-1 3000
  bn container port agent-1 8080:3000";

const SSH_EXAMPLES: &str = "\
Examples:
  bn container ssh-config agent-1 >>~/.ssh/config
  ssh bn-agent-1
  code --remote ssh-remote+bn-agent-1 /workspace";

const TELL_EXAMPLES: &str = "\
Examples:
  bn container tell agent-1 'Keep the old names, others import them'
  bn container inspect agent-1 | jq .told";

#[derive(Debug, Subcommand)]
pub enum ContainerCommand {
    /// Build the image that agents run in
    Build(BuildArgs),
    /// Run an agent in a container on a worktree, and merge what it commits
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Stop running containers; the commits of their agents are kept
    Stop(StopArgs),
    /// Hold every process of running containers still, until `resume`
    ///
    /// The time limit of a run counts on meanwhile.
    #[command(after_help = PAUSE_EXAMPLES)]
    Pause(PauseArgs),
    /// Let paused containers go on
    #[command(visible_alias = "unpause", after_help = PAUSE_EXAMPLES)]
    Resume(PauseArgs),
    /// Tell an agent something while it works
    ///
    /// It reaches Claude Code, Codex and Copilot after their next tool call, and before they stop; every other agent when it next calls bn.
    #[command(after_help = TELL_EXAMPLES)]
    Tell(TellArgs),
    /// Run a program more in a run's container, inside the agent's walls
    #[command(after_help = EXEC_EXAMPLES)]
    Exec(ExecArgs),
    /// Open a shell in a run's container, beside the agent and inside its walls
    Shell(ShellArgs),
    /// Print an entry for ~/.ssh/config with which ssh, scp and editors reach a live run
    ///
    /// The image needs openssh-server. Whoever comes in is the agent's user, inside its walls; no port of yours, no key and no screen leads in with them.
    #[command(after_help = SSH_EXAMPLES)]
    SshConfig(SshConfigArgs),
    /// Open the agent's own screen, as often and from wherever you want
    #[command(after_help = ATTACH_EXAMPLES)]
    Attach(AttachArgs),
    /// Wait until runs have ended, and exit as `run` would have
    Wait(WaitArgs),
    /// List what runs, and what wants something from you, with what to type
    #[command(visible_alias = "ls", after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Watch runs on a full screen, with keys for what can be done (list --watch)
    #[command(after_help = TOP_EXAMPLES)]
    Top(TopArgs),
    /// Print what happens to runs, as it happens: started, waiting, ended, merged …
    #[command(after_help = EVENTS_EXAMPLES)]
    Events(EventsArgs),
    /// Print what an agent wrote to its terminal
    Logs(LogsArgs),
    /// Show what an agent has changed, committed or not, against its target
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Show the commits that an agent made and its target does not have
    Log(LogArgs),
    /// Print how much of the machine containers use
    Stats(StatsArgs),
    /// Bring a run's work to its target, in one of several shapes, or finish the run
    #[command(after_help = MERGE_EXAMPLES)]
    Merge(MergeArgs),
    /// Try a run's work again: the same worktree, agent and flags, told what went wrong
    #[command(after_help = RETRY_EXAMPLES)]
    Retry(RetryArgs),
    /// Give a run up in any state; a copy of its work is kept for thirty days
    Discard(DiscardArgs),
    /// Forget ended runs that hold no unmerged work, and say why others are kept
    Prune(PruneArgs),
    /// Check this machine for missing tools, old versions and permissions that are too wide
    Doctor(DoctorArgs),
    /// Print a run's record, and the isolation that its container really has
    Inspect(InspectArgs),
    /// Open more of the network to a running agent
    Allow(AllowArgs),
    /// Lead a port of this machine to one of a running container, or list those that do
    #[command(after_help = PORT_EXAMPLES)]
    Port(PortArgs),
    /// Sign an agent in once, for all later runs of that agent
    ///
    /// In a terminal its own sign-in opens, in a container. A token or key is read from standard input, or with --with-token typed
    /// unseen. A variable of your shell counts more.
    #[command(after_help = LOGIN_EXAMPLES)]
    Login(LoginArgs),
    /// Forget what an agent signs in with
    Logout(LogoutArgs),
    /// List the named sets of hosts that --allow and --only take
    AllowSets,
    /// Connect the container to the host's egress proxy; the entrypoint starts this itself
    #[command(hide = true)]
    Relay(RelayArgs),
    /// Connect the host's clients of published ports to programs in here; the entrypoint starts this itself
    #[command(hide = true)]
    Dialler(DiallerArgs),
    /// Give up the right to make sockets beside the graph, and become another program; `exec` does this itself
    #[command(hide = true, alias = "enclose")]
    Restrict(RestrictArgs),
    /// Answer in the agent's folder what it would ask at its first start; the entrypoint does this itself
    #[command(hide = true)]
    AgentHome(AgentHomeArgs),
    /// Make the agent's user, give up root for good, and become tini; the entrypoint does this itself
    #[command(hide = true)]
    DropRoot(DropRootArgs),
    /// Become the image's ssh server for one connection; what `ssh-config` prints starts this itself
    #[command(hide = true)]
    Sshd,
    /// Hand an agent program what its person said meanwhile; a hook of that program starts this itself
    #[command(hide = true)]
    Told,
    /// Supervise a detached run until it ends; bn starts this itself
    #[command(hide = true, alias = "own")]
    Supervise(SuperviseArgs),
    /// Have the terminal of a run, and show it in windows; bn starts this itself
    #[command(hide = true)]
    Screen(HostArgs),
    /// Print how a terminal looks that was shown what standard input holds; bn starts this itself
    #[command(hide = true)]
    Picture(PictureArgs),
}

#[derive(Debug, Args)]
pub struct AllowArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME", required_unless_present = "check")]
    pub name: Option<String>,

    /// What to open: a host, an address, a network or a named set (see allow-sets)
    #[arg(value_name = "HOST[:PORT]", required_unless_present = "check")]
    pub hosts: Vec<String>,

    /// Open nothing: say whether a run could reach HOST, by which rule, and what would open it; without NAME, a run without rules
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "hosts")]
    pub check: Option<String>,
}

#[derive(Debug, Args)]
pub struct PortArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: String,

    /// The container's port, this machine's before it, and an address where others may come from: [ADDRESS:][HOSTPORT:]PORT
    #[arg(value_name = "PORT")]
    pub port: Option<String>,
}

#[derive(Debug, Args)]
pub struct StopArgs {
    /// The runs to stop, in any repository; the first letters of a name will do
    #[arg(value_name = "NAME", conflicts_with = "all_repositories")]
    pub names: Vec<String>,

    /// Stop every run of this repository
    #[arg(long, conflicts_with = "names")]
    pub all: bool,

    #[command(flatten)]
    pub scope: ScopeArgs,

    /// A word for whoever goes on: `list` shows it, and `retry` tells it to the agent
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,

    /// How long an agent may take to end by itself
    #[arg(short, long, value_name = "SECONDS", default_value_t = 10)]
    pub time: u32,
}

#[derive(Debug, Args)]
pub struct PauseArgs {
    /// The runs, in any repository; the first letters of a name will do
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
pub struct SshConfigArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct TellArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: String,

    /// What to tell it
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ExecArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: String,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ShellArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct SuperviseArgs {
    /// The run's folder
    pub folder: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: ContainerCommand,
    }

    #[test]
    fn containers_that_still_run_find_the_verbs_by_their_old_names() {
        let parse = |words: &[&str]| Line::try_parse_from(words).unwrap().command;
        assert!(matches!(parse(&["bn", "own", "/runs/a"]), ContainerCommand::Supervise(_)));
        assert!(matches!(parse(&["bn", "enclose", "--gate", "/g", "--", "true"]), ContainerCommand::Restrict(_)));
    }
}
