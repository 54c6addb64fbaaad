//! `bn config …`, and how the settings are gathered that it shows and a run takes.

pub mod confirmed;
pub mod gather;
mod show;
mod trust;

use crate::cli::config::{ConfigArgs, ConfigCommand};
use crate::commands::{Context, Exit};
use crate::error::Failure;

pub fn dispatch(args: &ConfigArgs, context: &Context) -> Result<Exit, Failure> {
    context.refuse_inside("bn config")?;
    match &args.command {
        Some(ConfigCommand::Trust(args)) => trust::run(args, context),
        None => show::run(args, context),
    }
}
