//! The commands of the task graph.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::container::AgentType;
use super::task::TaskCommand;
use crate::graph::model::task::TaskType;

#[derive(Debug, Subcommand)]
pub enum GraphCommand {
    /// Register as an agent, and print what there is to know: the first thing to do
    Orient(OrientArgs),
    /// List what can be worked on now, best first
    Ready(ReadyArgs),
    /// Create, read and change tasks
    #[command(subcommand)]
    Task(TaskCommand),
    /// End this session, with a summary for the next agent
    Goodbye(GoodbyeArgs),
}

#[derive(Debug, Args)]
pub struct OrientArgs {
    /// What this agent is there for [default: $BN_AGENT_TYPE]
    #[arg(long = "type", value_name = "TYPE")]
    pub agent_type: Option<AgentType>,

    /// Print the text to put into AGENTS.md, and register nobody
    #[arg(long)]
    pub instructions: bool,
}

#[derive(Debug, Args)]
pub struct ReadyArgs {
    /// Take the best one, and print it
    #[arg(long, conflicts_with = "limit")]
    pub claim: bool,

    #[command(flatten)]
    pub which: Which,

    #[command(flatten)]
    pub limit: Limit<10>,
}

/// Which of the tasks.
#[derive(Debug, Args)]
pub struct Which {
    /// Only with this tag; all of them where several are named
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,

    /// Only of this type; any of them where several are named
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<TaskType>,
}

/// How much of a list, with a default that leaves room in an agent's memory.
#[derive(Clone, Copy, Debug, Args)]
pub struct Limit<const DEFAULT: usize> {
    /// How many at most; 0 for all
    #[arg(short = 'n', long = "limit", value_name = "N", default_value_t = DEFAULT)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct BlockedArgs {
    #[command(flatten)]
    pub which: Which,

    #[command(flatten)]
    pub limit: Limit<20>,
}

#[derive(Debug, Args)]
pub struct GoodbyeArgs {
    /// What was done, and what the next agent should know
    #[arg(value_name = "SUMMARY")]
    pub summary: Vec<String>,
}

#[derive(Debug, Args)]
pub struct FileArg {
    /// The file; standard input or output where it is missing or `-`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}
