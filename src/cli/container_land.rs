//! What becomes of a run's work: `bn container merge`, `retry`, `discard` and `prune`.

use clap::{ArgAction, Args};

use crate::cli::container_look::ScopeArgs;
use crate::cli::given::Given;
use crate::container::network::Network;

pub const MERGE_EXAMPLES: &str = "\
A conflict changes nothing: bn names the files and lines.

Examples:
  bn container merge agent-1
  bn container merge agent-1 --rebase
  bn container merge agent-1 --squash --message 'Add the parser'
  bn container merge agent-1 --rebase --check 'make test'
  bn container merge agent-1 --into release --rebase";

pub const RETRY_EXAMPLES: &str = "\
When that lands, the first run counts as merged, too.

Examples:
  bn container retry agent-1
  bn container retry agent-1 --feedback 'Keep the old names, and fix the test'";

#[derive(Debug, Args)]
pub struct DiscardArgs {
    /// The run
    #[arg(value_name = "NAME")]
    pub name: String,

    /// Do not ask before the run is discarded
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct PruneArgs {
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// Empty the caches of package managers, and forget no run
    #[arg(long)]
    pub caches: bool,

    /// Empty what agents remember of worktrees (sessions, settings, history), and forget no run
    #[arg(long, conflicts_with = "caches")]
    pub agents: bool,

    /// Remove images that `build` made and no run uses, and forget no run; of this repository, and of those that are gone
    #[arg(long, conflicts_with_all = ["caches", "agents"])]
    pub images: bool,

    /// Remove worktrees that `run --create` made and that hold nothing, with their branches, and forget no run
    #[arg(long, conflicts_with_all = ["caches", "agents", "images"])]
    pub worktrees: bool,

    /// Say what would go and how much room that makes, and change nothing
    #[arg(long, conflicts_with_all = ["caches", "agents"])]
    pub dry_run: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub struct MergeArgs {
    /// Which of these were typed: a configuration does not change them. Read before the others, which take their words away.
    #[command(flatten)]
    pub given: Given,

    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Put its commits on top of the target, where that has moved on
    #[arg(
        long, conflicts_with = "squash", help_heading = "In what shape",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub rebase: bool,

    /// Make one commit of its commits
    #[arg(
        long, help_heading = "In what shape",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub squash: bool,

    /// The message of the commit; without --squash a merge commit is made [default: made of the commits' titles]
    #[arg(short, long, value_name = "TEXT", conflicts_with = "rebase", help_heading = "In what shape")]
    pub message: Option<String>,

    /// Merge only if `sh -c CMD` passes on the merged result, in a fresh container [default: that of the run, or `check` of a configuration]
    #[arg(long, value_name = "CMD", conflicts_with = "no_check", help_heading = "On which condition")]
    pub check: Option<String>,

    /// The network of the check: egress, host or none [default: none]
    #[arg(
        long,
        value_name = "MODE",
        hide_possible_values = true,
        conflicts_with = "no_check",
        help_heading = "On which condition"
    )]
    pub check_network: Option<Network>,

    /// How long the check may take [default: 30m]
    #[arg(long, value_name = "TIME", conflicts_with = "no_check", help_heading = "On which condition")]
    pub check_timeout: Option<String>,

    /// Merge without the check that the run was started with
    #[arg(long, help_heading = "On which condition")]
    pub no_check: bool,

    /// Merge into this branch, which is the run's target from then on
    #[arg(long, value_name = "BRANCH", help_heading = "Where to and when")]
    pub into: Option<String>,

    /// Wait for its turn where another run is landing in this repository
    #[arg(
        long, help_heading = "Where to and when",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
    pub wait: bool,

    /// Merge what is held back (files that your programs run without asking, much unpacked from little); look first
    #[arg(long)]
    pub accept_handoff: bool,

    /// Do not ask before work is merged whose agent failed, was cut off or ran out of memory or disk
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct RetryArgs {
    /// The run, or the first letters of its name
    #[arg(value_name = "NAME")]
    pub name: String,

    /// Your own words for the agent, beside what bn says of the conflict, the check or the failure
    #[arg(long, value_name = "TEXT")]
    pub feedback: Option<String>,

    /// Give it KEY=VALUE: the values that the run was given are not kept
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    pub env: Vec<String>,
}
