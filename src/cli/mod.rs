//! Every type that clap parses, and no behaviour.

pub mod container;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Run AI coding agents in containers on git worktrees, and share one task graph with them.
#[derive(Debug, Parser)]
#[command(name = "bn", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true)]
    pub json: bool,

    /// Print text for people (the default)
    #[arg(short = 'H', long, global = true, conflicts_with = "json")]
    pub human: bool,

    /// Act as if bn had been started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build images, run agents in containers, and take their work over
    #[command(subcommand)]
    Container(container::ContainerCommand),
}
