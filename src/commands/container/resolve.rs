//! From what the user typed to a plan in which everything is decided. Reads, and changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::container::RunArgs;
use crate::commands::Context;
use crate::commands::container::{
    asked_ahead, checks, create, ctr_flags, for_agent, host_paths, models, mounts, ownership, port, push, remembered,
    worktree,
};
use crate::container::ctr::Ctr;
use crate::container::limits::{Limits, Wanted, parse_cpus, parse_disk, parse_memory, parse_pids, parse_timeout};
use crate::container::name::{check_name, default_name};
use crate::container::network::Network;
use crate::container::reference::image_reference;
use crate::container::wall::AppArmor;
use crate::data_dir::{DataDir, RepoId};
use crate::env::{Env, machine, now, random};
use crate::error::{Failure, Usage};
use crate::git::host::checkout::Checkout;
use crate::git::host::{Git, checkout, main_checkout, target};
use crate::graph::error::GraphError;
use crate::graph::model::session::RUN;
use crate::graph::store::{FILE, Store};
use crate::ports::published::Published;
use crate::process::Runner;
use crate::run::engine::{Engine, EngineError};
use crate::run::life::plan::{Host, Plan};
use crate::run::record::RunError;
use crate::run::record::check::CheckSpec;
use crate::run::record::folder::Folder;
use crate::run::record::graph_access::GraphAccess;
use crate::run::record::run_json::{Mode, NetworkSpec, RunSpec};
use crate::run::watch::{disk, graph, ports, proxy, wall};

/// What the command line alone decides.
#[derive(Debug)]
struct Asked {
    name: String,
    image: String,
    limits: Wanted,
    timeout_seconds: Option<u64>,
    graph: GraphAccess,
    publish: Vec<Published>,
    check: Option<CheckSpec>,
}

impl Asked {
    fn check(args: &RunArgs) -> Result<Self, Failure> {
        let limits = Wanted {
            cpus: args.cpus.as_deref().map(parse_cpus).transpose()?,
            memory: args.memory.as_deref().map(parse_memory).transpose()?,
            pids: args.pids_limit.as_deref().map(parse_pids).transpose()?,
            disk: args.disk.as_deref().map(parse_disk).transpose()?,
        };
        let timeout = args.timeout.as_deref().map(parse_timeout).transpose()?;
        #[allow(clippy::cast_possible_truncation)] // some of the random bits are enough
        let name = match &args.name {
            Some(name) => check_name(name)?.to_owned(),
            None => default_name(now().timestamp(), random()? as u32),
        };
        Ok(Self {
            name,
            image: image_reference(&args.tag)?,
            limits,
            timeout_seconds: timeout.map(|timeout| timeout.as_secs()),
            check: checks::of_run(&args.checks)?,
            publish: args.publish.iter().map(|port| port.parse()).collect::<Result<_, _>>()?,
            graph: args.graph.parse().map_err(|words| Usage::new(format!("--graph takes one of {words}")))?,
        })
    }
}

/// A plan, and what the user should hear before it is carried out.
#[derive(Debug)]
pub struct Resolved {
    pub plan: Plan,
    pub engine: Engine,
    pub notes: Vec<String>,
    /// What containerd has still to say.
    pub asked: Option<asked_ahead::Asked>,
}

/// What the command line alone shows to be wrong.
pub fn check_line(args: &RunArgs, env: &Env) -> Result<(), Failure> {
    Asked::check(args)?;
    proxy::check(&network(args), env)?;
    Ok(ssh_has_a_way(args)?)
}

/// Resolves it all. A dry run asks for no password, and neither does a rehearsal. `ahead` is what containerd was asked before.
pub fn resolve(
    args: &RunArgs,
    context: &Context,
    runner: &Runner,
    git: &Git,
    ahead: Option<asked_ahead::Asked>,
) -> Result<Resolved, Failure> {
    let env = &context.env;
    let asked = Asked::check(args)?;
    let mut network = network(args);
    proxy::check(&network, env)?;
    ssh_has_a_way(args)?;
    let terminal = terminal(args, env)?;
    let mut notes = ports::check(&asked.publish, args.network, |taken| port::run_at(taken, env))?;
    let mut secrets = for_agent::secrets(args, terminal, env, &mut notes)?;
    let logins = for_agent::sign_in(args, &secrets, env)?;
    let settings = for_agent::brought_settings(args, &secrets, env, &mut notes);
    let (endpoints, model_keys) = models::hold_outside(args, &mut secrets, env, &mut notes)?;
    network.models = endpoints;
    let checkout = checkout(args, git, context)?;
    network.origin = push::resolve(args, &network, (git, &checkout), env, &mut notes)?;
    worktree::refuse_odd_bytes(&[&checkout.worktree, &checkout.main_worktree])?;
    // Found or not: what is wrong with the repository is said first.
    let engine = Engine::locate(env, runner);
    let looks_only = args.dry_run && !runner.rehearses();
    let ask = || engine.as_ref().ok().map(|engine| asked_ahead::ask(engine, &asked.image, args.name.as_deref()));
    let ahead = ahead.filter(|ahead| ahead.is_about(&asked.image, args.name.as_deref()));
    let ahead = if looks_only { None } else { ahead.or_else(ask) };
    let mounts = mounts::resolve(args, &checkout, context)?;
    notes.extend(mounts.iter().map(mounts::note));
    notes.extend(host_paths::notes(&checkout.worktree));
    let target = target::resolve(git, &checkout.repository(), args.merge_target.as_deref())?;
    let target = main_checkout::locate(git, &checkout, target, &env.directory)?;
    notes.extend(target.note.clone());
    notes.extend(without_apparmor(wall::apparmor_here(env)));
    let data = DataDir::resolve(env)?;
    let repo = RepoId::of(&checkout.main_worktree);
    let folder = Folder::new(data.run(&repo, &asked.name));
    // What a run makes in its own folder can be undone. The first one of a repository makes more, and a name that was chosen may be taken.
    let can_wait = args.name.is_none() && !runner.rehearses() && folder.path().parent().is_some_and(Path::is_dir);
    // What `ctr` says on the terminal is on the screen before anybody can make sense of it.
    let ahead = ahead.filter(|asked| terminal || !asked.is_left_to_run());
    let (asked_now, asked_later) = if can_wait { (None, ahead) } else { (ahead, None) };
    asked_now.map_or(Ok(()), |asked| asked.require(context, runner))?;
    let engine = engine?;
    let graph = data.graph(Some(&repo));
    let places = [&checkout.worktree, folder.path(), graph.as_path()];
    let free = disk::free(&places).map_err(|source| RunError::io("look at the disk of", &checkout.worktree, source))?;
    let mut spec = RunSpec {
        runtime: data.runtime(&repo, &asked.name),
        session: format!("{RUN}{:010x}", random()? & 0xff_ffff_ffff),
        name: asked.name,
        checkout,
        target,
        agent: args.agent,
        agent_type: args.agent_type,
        command: args.command.clone(),
        mode: mode(args),
        timeout_seconds: asked.timeout_seconds,
        detached: args.detach && !args.screen.interactive,
        terminal,
        screen: env.screen.clone(),
        window: None,
        uid: env.user.uid,
        gid: env.user.gid,
        image: asked.image,
        limits: Limits::new(asked.limits, machine(free)),
        network,
        publish: asked.publish,
        graph,
        graph_access: asked.graph,
        setup: args.setup.clone(),
        mounts,
        caches: (!args.no_cache).then(|| data.caches(&repo)),
        agent_home: None,
        logins,
        go_on: args.remembers.go_on,
        check: asked.check,
        again: for_agent::again(args, env),
        retry_of: args.retry_of.clone(),
        ctr: engine.ctr.clone(),
    };
    let home = |program: &str| data.agent_home(&repo, &spec.checkout.git_dir, program);
    spec.agent_home = spec.agent_inside().map(|agent| home(agent.program()));
    // What others show stands still without waiting for anybody.
    let in_window = terminal && spec.screen.is_none() && spec.mode != Mode::Shell && spec.agent_inside().is_some();
    spec.window = env.window.clone().filter(|_| in_window);
    if !runner.rehearses() {
        remembered::check(&spec, &home)?;
        spec.graph_access = with_whole_id(&spec)?;
    }
    let plan = Plan {
        spec,
        folder,
        repositories: data.repositories().to_owned(),
        secrets,
        model_keys,
        no_hooks: args.no_hooks,
        fresh: args.remembers.fresh,
        settings,
        seccomp: seccomp(args, env)?,
        copilot_config: for_agent::copilot_config(args, env),
        ssh_agent: for_agent::ssh_agent(args, env)?,
        time_zone: env.time_zone.clone(),
        terminal: terminal.then(|| env.user_terminal.clone()),
        host: host(&engine, runner, (env, &data), !looks_only)?,
    };
    Ok(Resolved { plan, engine, notes, asked: asked_later })
}

/// The checkout of the run. A dry run makes none.
fn checkout(args: &RunArgs, git: &Git, context: &Context) -> Result<Checkout, Failure> {
    if let (Some(branch), true) = (&args.branch, args.dry_run) {
        return create::would_be(args, branch, git, context);
    }
    let env = &context.env;
    let checkout = checkout::resolve(git, &worktree::existing(args.worktree.as_deref(), env)?)?;
    ownership::check(&checkout.worktree, &env.user)?;
    Ok(checkout)
}

/// The task that was named, by its whole id. A rehearsal has no graph with tasks in it.
fn with_whole_id(spec: &RunSpec) -> Result<GraphAccess, Failure> {
    let GraphAccess::Below(typed) = &spec.graph_access else { return Ok(spec.graph_access.clone()) };
    if !spec.graph.join(FILE).exists() {
        return Err(GraphError::Unknown { what: "task", id: typed.clone() }.into());
    }
    let graph = Store::open(&graph::site(spec))?;
    let id = graph.read(|reader| reader.living(&reader.resolve(typed)?))?.id;
    Ok(GraphAccess::Below(id.to_string()))
}

/// The user's own seccomp profile.
fn seccomp(args: &RunArgs, env: &Env) -> Result<Option<Vec<u8>>, RunError> {
    let read = |path: &PathBuf| fs::read(env.directory.join(path)).map_err(|source| RunError::io("read", path, source));
    args.seccomp_profile.as_ref().map(read).transpose()
}

/// A wall that is lower than this machine could have it is no secret.
fn without_apparmor(apparmor: AppArmor) -> Option<String> {
    let said = "the container has no AppArmor profile, though AppArmor is on: apparmor_parser is missing (on Debian/Ubuntu: sudo \
                apt install apparmor)";
    (apparmor == AppArmor::WithoutParser).then(|| said.to_owned())
}

fn host(engine: &Engine, runner: &Runner, (env, data): (&Env, &DataDir), keep: bool) -> Result<Host, EngineError> {
    let ctr = crate::run::engine::program(env, "ctr");
    let flags = ctr_flags::flags(ctr.as_deref(), &data.ctr_flags(), keep, || runner.read(&Ctr::run_help()))?;
    Ok(Host::of(engine, env, flags))
}

/// The agent gets a terminal only where both ends are one: `ctr` panics otherwise. One that was told what to do needs no screen,
/// unless one is asked for: what it does is shown line by line. A detached one gets a terminal of its own.
fn terminal(args: &RunArgs, env: &Env) -> Result<bool, Usage> {
    let own = args.detach && args.screen.interactive;
    let is_given = args.prompt.is_some() || env.initial_prompt.is_some();
    let works_alone = is_given && args.command.is_empty() && !args.shell && !args.screen.interactive;
    match own || env.stdin_is_terminal && env.stdout_is_terminal && !args.detach && !works_alone {
        false if args.shell => Err(Usage::new("--shell needs a terminal on standard input and output")),
        false if args.screen.interactive => Err(Usage::new("-i needs a terminal on standard input and output")
            .hint("for a terminal of its own, which bn container attach opens: bn container run -d -i …")),
        terminal => Ok(terminal),
    }
}

/// ssh connects by itself, and knows nothing of the proxy: the socket would be there, and no host.
fn ssh_has_a_way(args: &RunArgs) -> Result<(), Usage> {
    match args.ssh && args.network == Network::Egress {
        false => Ok(()),
        true => Err(Usage::new("--ssh: SSH cannot use the proxy of --network egress, so it would reach no host")
            .hint("use the host's own network, which has no proxy: --ssh --network host")
            .hint("or leave out --ssh: git over HTTPS goes through the proxy")),
    }
}

fn network(args: &RunArgs) -> NetworkSpec {
    NetworkSpec {
        mode: args.network,
        allow: args.egress.allow.clone(),
        only: args.egress.only.clone(),
        upstream_by_name: args.egress.upstream_by_name,
        models: Vec::new(),
        origin: None,
    }
}

fn mode(args: &RunArgs) -> Mode {
    match (args.shell, args.no_merge) {
        _ if args.signs_in => Mode::SignIn,
        (true, _) => Mode::Shell,
        (false, true) => Mode::NoMerge,
        (false, false) => Mode::Merge,
    }
}
