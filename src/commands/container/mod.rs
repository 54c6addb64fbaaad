//! `bn container …`: one file per verb.

mod agent_home;
mod allow;
mod allow_check;
mod allow_sets;
mod amounts;
mod asked_ahead;
mod attach;
pub mod build;
mod build_error;
mod build_folder;
mod building;
mod built;
mod cache_links;
mod caches;
mod checks;
mod configured;
mod create;
mod ctr_flags;
mod definition;
pub mod devcontainer;
mod devcontainer_base;
mod devcontainer_features;
mod dialler;
mod diff;
mod discard;
mod doctor;
mod drop_root;
mod dry_run;
mod events;
mod exec;
mod filled;
pub mod find;
mod for_agent;
mod furnish;
mod headline;
mod host_paths;
mod image_checks;
mod import;
mod inspect;
mod list;
mod live;
mod local_image;
mod log;
mod log_reader;
mod log_stamps;
mod login;
mod logs;
mod looking;
mod measured;
mod merge;
mod models;
mod mounts;
mod next;
mod notify;
mod ownership;
mod pause;
mod picture;
mod port;
mod prune;
mod prune_images;
mod prune_plan;
mod prune_worktrees;
mod push;
mod relay;
mod remembered;
mod report;
mod resolve;
mod restrict;
mod retry;
mod row;
mod run;
mod screen;
mod settings;
mod sign_in;
mod sign_in_stage;
mod ssh_config;
mod sshd;
mod standing;
mod stats;
mod stop;
mod supervise;
mod surroundings;
pub mod table;
mod tell;
mod told;
mod top;
mod wait;
mod window;
mod wish;
mod worktree;

use crate::cli::container::ContainerCommand;
use crate::commands::{Context, Exit, known};
use crate::data_dir::Mode;
use crate::error::Failure;
use crate::run::life::stale_secrets;
use crate::run::record::census::Seen;

pub fn dispatch(command: ContainerCommand, mut context: Context) -> Result<Exit, Failure> {
    if !is_of_the_inside(&command) {
        context.refuse_inside("bn container")?;
    }
    let mut runs = Vec::new();
    if is_typed(&command) {
        context.say_what_is_ignored(Mode::of(&context.env));
        runs = make_safe(&command, &mut context)?;
    }
    let context = &context;
    match command {
        ContainerCommand::Build(args) => build::run(&args, context),
        ContainerCommand::Run(args) => run::of_line(*args, context, &runs),
        ContainerCommand::Stop(args) => stop::run(&args, context),
        ContainerCommand::Pause(args) => pause::run(&args, context),
        ContainerCommand::Resume(args) => pause::resume(&args, context),
        ContainerCommand::Exec(args) => exec::run(&args, context),
        ContainerCommand::Shell(args) => exec::shell(&args, context),
        ContainerCommand::Attach(args) => attach::run(&args, context),
        ContainerCommand::Wait(args) => wait::run(&args, context),
        ContainerCommand::List(args) if args.watch => top::run(args, context),
        ContainerCommand::List(args) => list::run(&args, context),
        ContainerCommand::Top(args) => top::run(top::as_list(args), context),
        ContainerCommand::Events(args) => events::run(&args, context),
        ContainerCommand::Logs(args) => logs::run(&args, context),
        ContainerCommand::Diff(args) => diff::run(&args, context),
        ContainerCommand::Log(args) => log::run(&args, context),
        ContainerCommand::Tell(args) => tell::run(&args, context),
        ContainerCommand::Told => told::run(context),
        ContainerCommand::SshConfig(args) => ssh_config::run(&args, context),
        ContainerCommand::Sshd => sshd::run(context),
        ContainerCommand::Stats(args) => stats::run(&args, context),
        ContainerCommand::Merge(args) => merge::run(&args, context),
        ContainerCommand::Retry(args) => retry::run(&args, context),
        ContainerCommand::Doctor(args) => doctor::run(&args, context),
        ContainerCommand::Inspect(args) => inspect::run(&args, context),
        ContainerCommand::Allow(args) => allow::run(&args, context),
        ContainerCommand::Discard(args) => discard::run(&args, context),
        ContainerCommand::Prune(args) if args.images => prune_images::run(&args, context),
        ContainerCommand::Prune(args) if args.worktrees => prune_worktrees::run(&args, context),
        ContainerCommand::Prune(args) if args.dry_run => prune_plan::run(&args, context),
        ContainerCommand::Prune(args) => prune::run(&args, context),
        ContainerCommand::Restrict(args) => restrict::run(&args, context),
        ContainerCommand::Supervise(args) => supervise::run(&args, context),
        ContainerCommand::Screen(args) => screen::host(&args, context),
        ContainerCommand::Picture(args) => picture::run(&args, context),
        ContainerCommand::AgentHome(args) => agent_home::run(&args, context),
        ContainerCommand::DropRoot(args) => drop_root::run(&args, context),
        ContainerCommand::Login(args) => login::run(&args, context),
        ContainerCommand::Logout(args) => login::out(&args, context),
        ContainerCommand::AllowSets => allow_sets::run(context),
        ContainerCommand::Relay(args) => relay::run(&args, context),
        ContainerCommand::Port(args) => port::run(&args, context),
        ContainerCommand::Dialler(args) => dialler::run(&args),
    }
}

/// What the entrypoint starts.
fn is_of_the_inside(command: &ContainerCommand) -> bool {
    use ContainerCommand::{AgentHome, Dialler, DropRoot, Relay, Restrict, Sshd, Told};
    matches!(command, Told | Sshd | Relay(_) | Dialler(_) | Restrict(_) | AgentHome(_) | DropRoot(_))
}

/// Some of the verbs are started inside, where whatever looks like a record was laid there by an agent; and an owner has what it was
/// handed.
fn is_typed(command: &ContainerCommand) -> bool {
    use ContainerCommand::{Picture, Screen, Supervise};
    !is_of_the_inside(command) && !matches!(command, Supervise(_) | Screen(_) | Picture(_))
}

/// What comes before anything else, whatever the command: no program of an agent's will be started, and what dead owners left of
/// secrets goes. Returns all runs.
fn make_safe(command: &ContainerCommand, context: &mut Context) -> Result<Vec<Seen>, Failure> {
    let runs = known::runs(context)?;
    let worktree = match command {
        ContainerCommand::Run(args) => args.worktree.as_deref(),
        _ => None,
    };
    let left_out = context.env.search_path(&known::trees_of(&runs, &context.env, worktree));
    if let (ContainerCommand::Run(_), Some(folder)) = (command, left_out.first()) {
        let folder = folder.display();
        context
            .output
            .note(format_args!("PATH has {folder:?}, where an agent can put programs: bn starts none of them"));
    }
    // Where that cannot be done it is said, and is no reason not to do what was asked for.
    if let Err(error) = stale_secrets::remove(&runs) {
        context.output.note(format_args!("secrets of a run that was killed may be left: {error}"));
    }
    Ok(runs)
}
