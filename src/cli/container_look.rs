//! The verbs of `bn container` that look at runs and change nothing.

use clap::Args;

pub const DIFF_EXAMPLES: &str = "\
Examples:
  bn container diff agent-1 --stat
  bn container diff agent-1 >agent-1.patch";

pub const EVENTS_EXAMPLES: &str = "\
Examples:
  bn container events
  bn container events --json agent-1 | jq -r .text";

/// Whose runs a command speaks of.
#[derive(Clone, Debug, Args)]
pub struct ScopeArgs {
    /// Include the runs of all repositories, not of this one alone
    #[arg(long)]
    pub all_repositories: bool,
}

pub const LIST_EXAMPLES: &str = "\
Examples:
  bn container list
  bn container list --all --json | jq '.[].name'
  bn container list --watch";

pub const TOP_EXAMPLES: &str = "\
Examples:
  bn container top
  bn container top --all --all-repositories";

/// What `top` shows: all that `list --watch` does.
#[derive(Debug, Args)]
pub struct TopArgs {
    /// Show ended runs too
    #[arg(short, long)]
    pub all: bool,

    #[command(flatten)]
    pub scope: ScopeArgs,
}

#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// List ended runs too
    #[arg(short, long)]
    pub all: bool,

    /// Print names only; without --all, of those that run
    #[arg(short, long)]
    pub quiet: bool,

    /// Stay, and show it anew every two seconds, with keys for what can be done; with --json an object a line
    #[arg(short, long, conflicts_with = "quiet")]
    pub watch: bool,

    #[command(flatten)]
    pub scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Print until the run ends, and exit as `run` would have
    #[arg(short, long)]
    pub follow: bool,

    /// Print what the last check of its work printed (see merge --check)
    #[arg(long, conflicts_with = "raw")]
    pub check: bool,

    /// Print the agent's stream as it came, and not what people read of it
    #[arg(long)]
    pub raw: bool,

    /// Print the last N lines only
    #[arg(short = 'n', long, value_name = "N")]
    pub tail: Option<usize>,

    /// Print what it wrote since then: 10m, 2h30m, today, or a time as RFC 3339 has it (UTC where it names no zone)
    #[arg(long, value_name = "TIME", conflicts_with = "check")]
    pub since: Option<String>,

    /// Print before each line when it was written
    #[arg(short, long, conflicts_with = "check")]
    pub timestamps: bool,
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct EventsArgs {
    /// The runs to watch; without one, all of this repository, the coming ones too
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    #[command(flatten)]
    pub scope: ScopeArgs,
}

/// In the place of a command of `--notify`: the terminal's bell, and the desktop.
pub const BELL: &str = "bell";

#[derive(Debug, Args)]
pub struct WaitArgs {
    /// The runs to wait for; the first letters of a name will do
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Wait for every run of this repository that has not ended
    #[arg(long, conflicts_with = "names")]
    pub all: bool,

    /// Return when the first of them has ended
    #[arg(long)]
    pub any: bool,

    /// Ring the bell and tell the desktop when a run has ended, or wants something; or run COMMAND, with BN_RUN and BN_OUTCOME
    #[arg(long, value_name = "COMMAND", num_args = 0..=1, require_equals = true, default_missing_value = BELL)]
    pub notify: Option<String>,

    /// Print nothing: whoever is to be told is told by `--notify`
    #[arg(long, hide = true, requires = "notify")]
    pub silent: bool,

    /// Wait no longer than this, such as 90s, 30m or 2h; then exit with 124
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Print which files differ, and by how many lines
    #[arg(long)]
    pub stat: bool,
}

#[derive(Debug, Args)]
pub struct LogArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct StatsArgs {
    /// The runs; without one, all of this repository that run
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    #[command(flatten)]
    pub scope: ScopeArgs,
}
