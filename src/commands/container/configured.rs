//! What a run takes from the environment and from configurations where no flag says otherwise.

use std::io::BufRead;

use crate::cli::container::RunArgs;
use crate::commands::config::confirmed::{Confirmed, is_wanted};
use crate::commands::config::gather::{self, Project};
use crate::commands::container::{devcontainer, worktree};
use crate::commands::{Context, known};
use crate::config::PROJECT_FILE;
use crate::config::error::ConfigError;
use crate::config::key::CommandLine;
use crate::config::setting::{Origin, Setting, settle};
use crate::config::value::Value;
use crate::container::name::check_name;
use crate::container::network::Network;
use crate::env::machine;
use crate::error::{Failure, Usage};
use crate::git::host::{Git, config, discover, show};
use crate::process::Runner;

/// Those that mean something only with the network that they are for.
const OF_EGRESS: [&str; 5] = ["allow", "model-endpoint", "only", "push", "upstream-by-name"];

/// The command line with what the environment, the user and the project say in the place of flags that are not there; and a git that
/// remembers what it was asked for that.
pub fn fill(args: RunArgs, context: &Context) -> Result<(RunArgs, Git), Failure> {
    fill_meanwhile(args, context, |_, _, _| ()).map(|(args, git, ())| (args, git))
}

/// The same, and what is done while git answers. It is given the image's tag, as it is if the project says nothing of that.
pub fn fill_meanwhile<T>(
    mut args: RunArgs,
    context: &Context,
    meanwhile: impl FnOnce(&RunArgs, &str, &Runner) -> T,
) -> Result<(RunArgs, Git, T), Failure> {
    let name = name(&mut args, context)?;
    let variables = gather::variables(&context.env, &args.given)?;
    // Whoever opened the screen has said what follows.
    let output = if context.env.screen.is_some() { context.output.without_notes() } else { context.output };
    let context = &Context { output, ..context.clone() };
    say_variables(name, &variables, context);
    let user = gather::user(&context.env, || known::trees(context, args.worktree.as_deref()))?;
    let stronger = [variables, user].concat();
    let withheld = args.env.iter().chain(&args.secret).filter(|name| !name.contains('='));
    let runner = Runner::new(&context.env).withholding(withheld);
    let done = meanwhile(&args, &tag(&args, &stronger), &runner);
    let git = Git::new(runner).remembering();
    ask_ahead(&args, &stronger, &git, context);
    let project = project(&args, &stronger, &git, context)?;
    let of_project = project.as_ref().map_or(&[][..], |project| &project.settings);
    let settled = settle(stronger.into_iter().chain(of_project.iter().cloned()));
    let of_devcontainer = of_devcontainer(&settled, &args, project.as_ref(), &git, context)?;
    let mut settled = settle(settled.into_iter().chain(of_devcontainer));
    settled.retain(|setting| args.slot(setting.key).is_some());
    let counts = counting(settled, &mut args);
    if let Some(project) = &project {
        confirm(&counts, project, args.dry_run, context)?;
        say_project(&counts, context);
    }
    for setting in &counts {
        if let Some(slot) = args.slot(setting.key) {
            slot.put(&setting.for_flag());
        }
    }
    // There is nobody else to see it.
    args.detach &= !args.shell;
    Ok((args, git, done))
}

/// Has git say what it will be asked of the checkout, as files tell where that is, while it is asked for that itself.
pub fn ask_ahead(args: &RunArgs, stronger: &[Setting], git: &Git, context: &Context) {
    let folder = worktree::existing(args.worktree.as_deref(), &context.env).ok();
    let Some(found) = folder.filter(|_| args.branch.is_none()).and_then(|folder| discover::folders(&folder)) else {
        return;
    };
    let target = args.merge_target.as_deref().or_else(|| gather::wanted_target(stronger)).unwrap_or("main");
    config::ask_ahead(git, git.in_tree(&found.git_dir, &found.top));
    show::ask_ahead(git, &found.common_dir, target, PROJECT_FILE);
}

/// The tag that a flag, the environment or the user names.
fn tag(args: &RunArgs, stronger: &[Setting]) -> String {
    let set = settle(stronger.iter().cloned()).into_iter().find(|setting| setting.key.name == "tag");
    match set.filter(|_| !args.given.has("tag")) {
        Some(setting) => setting.text().unwrap_or_default().to_owned(),
        None => args.tag.clone(),
    }
}

/// A run's name is for one run, and stands in no configuration.
fn name(args: &mut RunArgs, context: &Context) -> Result<Option<String>, Usage> {
    let (None, Some(name)) = (&args.name, &context.env.agent_name) else { return Ok(None) };
    check_name(name).map_err(|error| error.hint("it is the value of BN_AGENT_NAME; --name overrides it"))?;
    args.name = Some(name.clone());
    Ok(Some(format!("BN_AGENT_NAME={name}")))
}

fn say_variables(name: Option<String>, settings: &[Setting], context: &Context) {
    // A prompt may be long, and the agent repeats it.
    let said = settings.iter().filter(|setting| setting.key.name != "prompt");
    let said = said.map(|setting| match (&setting.origin, setting.text()) {
        (Origin::Variable(name), Some(value)) => format!("{name}={value}"),
        _ => setting.to_string(),
    });
    let taken: Vec<String> = name.into_iter().chain(said).collect();
    if !taken.is_empty() {
        context.output.note(format_args!("from the environment: {}", taken.join(" ")));
    }
}

/// Others may have changed them since the last run.
pub fn say_project(settings: &[Setting], context: &Context) {
    let say = |file: &str, is_its: fn(&Origin) -> bool| {
        let keys: Vec<String> = settings.iter().filter(|setting| is_its(&setting.origin)).map(Setting::path).collect();
        if !keys.is_empty() {
            context.output.note(format_args!("from the project's {file}: {}", keys.join(", ")));
        }
    };
    say("configuration", |origin| matches!(origin, Origin::Project { .. }));
    say("devcontainer.json", |origin| matches!(origin, Origin::Devcontainer { .. }));
}

/// Reads the project's settings. `stronger` may name the branch on which they are, where no flag does.
pub fn project(args: &RunArgs, stronger: &[Setting], git: &Git, context: &Context) -> Result<Option<Project>, Failure> {
    let wanted = args.merge_target.as_deref().or_else(|| gather::wanted_target(stronger));
    // A worktree that is still to be made will be of the repository that one stands in.
    let folder = worktree::existing(args.worktree.as_deref(), &context.env).unwrap_or(context.env.directory.clone());
    gather::project(git, &folder, wanted)
}

/// What the project's devcontainer.json says, where it is to count.
fn of_devcontainer(
    settled: &[Setting],
    args: &RunArgs,
    project: Option<&Project>,
    git: &Git,
    context: &Context,
) -> Result<Vec<Setting>, Failure> {
    let set = settled.iter().any(|setting| setting.key.name == "devcontainer" && setting.value == Value::Flag(true));
    match if args.given.has("devcontainer") { args.devcontainer } else { set } {
        true => {
            let asked = devcontainer::settings(project, git)?;
            asked.left_out.iter().for_each(|line| context.output.note(line));
            Ok(asked.settings)
        }
        false => Ok(Vec::new()),
    }
}

/// Those that no flag overrides, and that go with the network which the run gets.
fn counting(mut settled: Vec<Setting>, args: &mut RunArgs) -> Vec<Setting> {
    let typed = |name: &str| args.env.iter().any(|pair| pair.split('=').next() == Some(name));
    settled.retain(|setting| match &setting.name {
        Some(name) => !typed(name),
        None => !args.given.has(setting.key.name),
    });
    if let Some(network) = settled.iter().find(|setting| setting.key.name == "network")
        && let Some(slot) = args.slot(network.key)
    {
        slot.put(&network.value);
    }
    settled.retain(|setting| match setting.key.name {
        name if OF_EGRESS.contains(&name) => args.network == Network::Egress,
        "publish" => args.network != Network::Host,
        _ => true,
    });
    settled
}

/// The project does not lower the wall on its own: the user says yes, once for each value.
pub fn confirm(settings: &[Setting], project: &Project, dry_run: bool, context: &Context) -> Result<(), Failure> {
    let here = machine(0);
    let wanted: Vec<&Setting> = settings.iter().filter(|setting| is_wanted(setting, &here)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut confirmed = Confirmed::read(&context.env, &project.repository)?;
    let new: Vec<&Setting> = wanted.iter().copied().filter(|setting| !confirmed.has(setting)).collect();
    let lines = || new.iter().map(|setting| format!("{setting} ({})", setting.origin)).collect::<Vec<_>>();
    if new.is_empty() {
        return Ok(());
    }
    if dry_run {
        lines().iter().for_each(|line| context.output.note(format_args!("you would be asked to confirm: {line}")));
        return Ok(());
    }
    if !context.env.stdin_is_terminal || context.output.is_json() {
        return Err(ConfigError::NotConfirmed { settings: lines() }.into());
    }
    context.output.note("the project's settings lower the wall:");
    lines().iter().for_each(|line| context.output.note(format_args!("  {line}")));
    context.output.note("take them, now and later on, until they change? [y/N]");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => confirmed.add(new),
        _ => Err(ConfigError::NotConfirmed { settings: lines() }.into()),
    }
}
