//! `bn container …`: one file per verb.

mod allow;
mod allow_sets;
pub mod build;
mod doctor;
mod dry_run;
mod find;
mod inspect;
mod list;
mod logs;
mod merge;
mod own;
mod prune;
mod relay;
mod report;
mod resolve;
mod run;
mod stop;

use super::{Context, Exit};
use crate::cli::container::ContainerCommand;

pub fn dispatch(command: ContainerCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        ContainerCommand::Build(args) => build::run(&args, context),
        ContainerCommand::Run(args) => run::run(&args, context),
        ContainerCommand::Stop(args) => stop::run(&args, context),
        ContainerCommand::List(args) => list::run(&args, context),
        ContainerCommand::Logs(args) => logs::run(&args, context),
        ContainerCommand::Merge(args) => merge::run(&args, context),
        ContainerCommand::Doctor => doctor::run(context),
        ContainerCommand::Inspect(args) => inspect::run(&args, context),
        ContainerCommand::Allow(args) => allow::run(&args, context),
        ContainerCommand::Prune => prune::run(context),
        ContainerCommand::Own(args) => own::run(&args, context),
        ContainerCommand::AllowSets => allow_sets::run(context),
        ContainerCommand::Relay(args) => relay::run(&args, context),
    }
}
