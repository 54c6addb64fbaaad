//! `bn container …`: one file per verb.

mod allow;
mod allow_sets;
pub mod build;
mod definition;
mod doctor;
mod dry_run;
mod enclose;
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
mod trees;

use super::{Context, Exit};
use crate::cli::container::ContainerCommand;
use crate::data_dir::DataDir;
use crate::run::record::all;
use crate::run::sweep;

pub fn dispatch(command: ContainerCommand, mut context: Context) -> anyhow::Result<Exit> {
    let worktree = match &command {
        ContainerCommand::Run(args) => args.worktree.as_deref(),
        _ => None,
    };
    let left_out = context.env.distrust(&trees::of_agents(&context.env, worktree)?);
    if let (ContainerCommand::Run(_), Some(folder)) = (&command, left_out.first()) {
        let folder = folder.display();
        context
            .output
            .note(format_args!("PATH names {folder:?}, where an agent can put programs: bn starts none of it"));
    }
    let context = &context;
    // Two are inside, and an owner has what it was handed.
    if !matches!(command, ContainerCommand::Relay(_) | ContainerCommand::Enclose(_) | ContainerCommand::Own(_)) {
        sweep(context);
    }
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
        ContainerCommand::Enclose(args) => enclose::run(&args, context),
        ContainerCommand::Own(args) => own::run(&args, context),
        ContainerCommand::AllowSets => allow_sets::run(context),
        ContainerCommand::Relay(args) => relay::run(&args, context),
    }
}

/// What dead owners left of secrets goes first, whatever the command and in whatever repository it was typed. Where that cannot be
/// done it is said, and is no reason not to do what was asked for.
fn sweep(context: &Context) {
    // Without a home there are no runs; a command that needs one says so itself.
    let Ok(data) = DataDir::resolve(&context.env) else { return };
    if data.in_container() {
        return;
    }
    let swept = all(data.repositories()).and_then(|census| sweep::secrets(&census.runs));
    if let Err(error) = swept {
        context.output.note(format_args!("secrets of a run that was killed may be left: {error}"));
    }
}
