//! `bn container …`: one file per verb.

mod allow_sets;
mod relay;

use super::{Context, Exit};
use crate::cli::container::ContainerCommand;

pub fn dispatch(command: ContainerCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        ContainerCommand::AllowSets => allow_sets::run(context),
        ContainerCommand::Relay(args) => relay::run(&args, context),
        _ => anyhow::bail!("not there yet"),
    }
}
