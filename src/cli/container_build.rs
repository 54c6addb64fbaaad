//! `bn container build` and `doctor`: what has to be there before a run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Try a run, and print a report of this machine to send to bn's authors; nothing in it is secret
    #[arg(long)]
    pub report: bool,
}

#[derive(Debug, Args)]
pub struct BuildArgs {
    /// A tag for localhost/binnacle-self, or a full reference [default: latest]
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,

    /// Start from what the project's devcontainer.json names; the image is for run --devcontainer
    #[arg(long, conflicts_with_all = ["file", "base_image"])]
    pub devcontainer: bool,

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
