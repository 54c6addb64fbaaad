//! `bn container build` and `doctor`: what has to be there before a run.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::cli::given::Given;

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Try a run, and print a report of this machine to send to bn's authors; nothing in it is secret
    #[arg(long)]
    pub report: bool,
}

#[derive(Clone, Debug, Args)]
pub struct BuildArgs {
    /// Which of these were typed: a configuration does not change them. Read before the others, which take their words away.
    #[command(flatten)]
    pub given: Given,

    /// A tag for localhost/binnacle-self, or a full reference [default: latest]
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,

    /// Start from what the project's devcontainer.json names; the image is for run --devcontainer
    #[arg(
        long, conflicts_with_all = ["file", "base_image"],
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_name = "false",
        action = ArgAction::Set, hide_default_value = true, hide_possible_values = true
    )]
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
