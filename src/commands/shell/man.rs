//! `bn man`: a manual page for each verb, made of what `--help` says.

use std::fs;

use anyhow::Context as _;
use clap::CommandFactory;

use crate::cli::Cli;
use crate::cli::shell::ManArgs;
use crate::error::Failure;

pub fn run(args: &ManArgs) -> Result<(), Failure> {
    let folder = &args.folder;
    let words = || format!("cannot write manual pages into {}", folder.display());
    fs::create_dir_all(folder).with_context(words)?;
    Ok(clap_mangen::generate_to(Cli::command(), folder).with_context(words)?)
}
