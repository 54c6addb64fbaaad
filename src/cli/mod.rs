//! Every type that clap parses, and no behaviour.

pub mod config;
pub mod container;
mod container_agent;
mod container_build;
mod container_inside;
mod container_land;
mod container_look;
mod container_run;
mod container_screen;
pub mod fields;
pub mod given;
pub mod graph;
pub mod link;
pub mod shell;
pub mod task;
pub mod topics;
pub mod which;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

const MCP_EXAMPLES: &str = "\
Examples:
  claude mcp add binnacle -- bn mcp
  codex mcp add binnacle -- bn mcp";

/// Run AI coding agents in containers on git worktrees, and share one task graph with them.
#[derive(Debug, Parser)]
#[command(name = "bn", version, propagate_version = true, max_term_width = 80, after_help = topics::LISTED)]
pub struct Cli {
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,

    /// Print text for people (the default)
    #[arg(short = 'H', long, global = true, help_heading = "Everywhere", conflicts_with = "json")]
    pub human: bool,

    /// Act as if bn had been started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = "Everywhere")]
    pub directory: Option<PathBuf>,

    /// Name each program as bn starts it (or BN_LOG=commands)
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub verbose: bool,

    /// Show nothing of work that goes on: no progress, no output
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub quiet: bool,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build images, run agents in containers, and take their work over
    #[command(subcommand)]
    Container(container::ContainerCommand),
    /// Show each setting and where it comes from, or confirm those of the project
    #[command(after_help = config::CONFIG_EXAMPLES)]
    Config(config::ConfigArgs),
    #[command(flatten)]
    Graph(graph::GraphCommand),
    /// Serve the task graph to an agent program by MCP, on standard input and output
    #[command(after_help = MCP_EXAMPLES)]
    Mcp,
    /// Print what a shell reads to complete command lines of bn
    Completions(shell::CompletionsArgs),
    /// Write the manual pages into a folder
    Man(shell::ManArgs),
}
