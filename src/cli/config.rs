//! `bn config …`

use clap::{Args, Subcommand};

pub const CONFIG_EXAMPLES: &str = "\
Examples:
  bn config
  bn config memory
  bn config trust";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,

    /// Show this setting alone
    #[arg(value_name = "KEY")]
    pub key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Confirm what the project's settings open in the wall; asked for again when they change
    Trust(TrustArgs),
}

#[derive(Debug, Args)]
pub struct TrustArgs {
    /// Take back whatever was confirmed for this repository
    #[arg(long)]
    pub forget: bool,
}
