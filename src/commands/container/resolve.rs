//! From what the user typed to a run in which nothing is open any more. Reads, and changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::container::RunArgs;
use crate::commands::Context;
use crate::commands::container::{ownership, worktree};
use crate::commands::graph::access::site;
use crate::container::agent::{Agent, AgentType};
use crate::container::agent::{DEFAULT_PROMPT, ENTRYPOINT};
use crate::container::ctr::{ContainerSpec, Ctr, Streams};
use crate::container::limits::{Limits, Wanted, parse_cpus, parse_disk, parse_memory, parse_pids, parse_timeout};
use crate::container::mount::{Mount, masks};
use crate::container::name::{check_name, default_name};
use crate::container::network::Network;
use crate::container::reference::image_reference;
use crate::data_dir::{DataDir, RepoId};
use crate::env::{Env, Privilege, machine, now, random};
use crate::error::{Failure, Usage};
use crate::git::host::discover::Place;
use crate::git::host::{Git, checkout, main_checkout, target};
use crate::graph::model::session::RUN;
use crate::process::{Cmd, Runner};
use crate::run::engine::{Engine, EngineError};
use crate::run::life::plan::Plan;
use crate::run::life::prepare::{self, seccomp_file};
use crate::run::record::RunError;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::{Mode, NetworkSpec, RunSpec};
use crate::run::record::secrets::{self, Secrets};
use crate::run::watch::{disk, proxy, wall};

/// In the container: where the entrypoint finds it.
pub const COPILOT_CONFIG_INSIDE: &str = "/copilot-config";
const SSH_AGENT_INSIDE: &str = "/run/binnacle/ssh.sock";

/// What the command line alone decides.
#[derive(Debug)]
struct Asked {
    name: String,
    image: String,
    limits: Wanted,
    timeout_seconds: Option<u64>,
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
        })
    }
}

/// A plan, and what the user should hear before it is carried out.
#[derive(Debug)]
pub struct Resolved {
    pub plan: Plan,
    pub engine: Engine,
    pub notes: Vec<String>,
}

/// Resolves it all. A dry run asks for no password, and neither does a rehearsal.
pub fn resolve(args: &RunArgs, context: &Context, runner: &Runner, git: &Git) -> Result<Resolved, Failure> {
    let env = &context.env;
    let asked = Asked::check(args)?;
    let network = network(args);
    proxy::check(&network, env)?;
    ssh_has_a_way(args)?;
    let streams = streams(args, env)?;
    let mut notes = Vec::new();
    let secrets = secrets(args, env, &mut notes)?;
    let checkout = checkout::resolve(git, &worktree::existing(args.worktree.as_deref(), env)?)?;
    ownership::check(&checkout.worktree, &env.user)?;
    worktree::refuse_odd_bytes(&[&checkout.worktree, &checkout.main_worktree])?;
    let mut target = target::resolve(git, &checkout.repository(), args.merge_target.as_deref())?;
    main_checkout::locate(git, &checkout, &mut target, &env.directory)?;
    notes.extend(target.note.clone());
    let engine =
        if args.dry_run && !runner.rehearses() { Engine::locate(env, runner)? } else { Engine::connect(env, runner)? };
    let data = DataDir::resolve(env)?;
    let repo = RepoId::of(&checkout.main_worktree);
    let folder = Folder::new(data.run(&repo, &asked.name));
    let graph = data.graph(Some(&repo));
    let places = [&checkout.worktree, folder.path(), graph.as_path()];
    let free = disk::free(&places).map_err(|source| RunError::io("look at the disk of", &checkout.worktree, source))?;
    let flags = runner.read(&Ctr::run_help()).map_err(EngineError::from)?.text();
    let session = format!("{RUN}{:010x}", random()? & 0xff_ffff_ffff);
    let container = ContainerSpec {
        id: asked.name.clone(),
        image: asked.image,
        repo: repo.as_str().to_owned(),
        session: session.clone(),
        mounts: Vec::new(),
        env: Vec::new(),
        args: std::iter::once(ENTRYPOINT.to_owned()).chain(args.command.clone()).collect(),
        limits: Limits::new(asked.limits, machine(free)),
        host_network: args.network == Network::Host,
        hostname: flags.contains("--hostname").then(|| asked.name.clone()),
        seccomp: Some(seccomp_file(&folder)),
        apparmor: wall::apparmor_profile(env),
        rlimit_flag: flags.contains("--rlimit-nofile"),
        streams: match streams {
            Terminal::Yes => Streams::Terminal { fifo_dir: fifo_dir(&engine, env, &data, &repo, &asked.name) },
            Terminal::No => Streams::Log(folder.log()),
        },
    };
    let mut spec = RunSpec {
        session,
        repository: checkout.main_worktree.clone(),
        common_dir: checkout.common_dir.clone(),
        worktree: checkout.worktree.clone(),
        branch: checkout.branch.clone(),
        target: target.branch.clone(),
        agent_type: args.agent_type.unwrap_or_default(),
        agent: agent_shown(args),
        mode: mode(args),
        timeout_seconds: asked.timeout_seconds,
        detached: args.detach,
        network,
        uid: env.user.uid,
        gid: env.user.gid,
        graph,
        runtime: data.runtime(&repo, &asked.name),
        ctr: engine.ctr.clone(),
        name: asked.name,
        repo,
        container,
    };
    spec.container.env = variables(&spec, args, env);
    spec.container.mounts = prepare::mounts(&spec, &folder, &env.user);
    spec.container.mounts.extend(optional_mounts(args, env)?);
    spec.container.mounts.extend(masks(|path| path.exists()));
    let place = Place { top: checkout.worktree.clone(), main_worktree: checkout.main_worktree.clone() };
    let graph = site(context, &data, Some(&place));
    let seccomp = args
        .seccomp_profile
        .as_ref()
        .map(|path| fs::read(env.directory.join(path)).map_err(|source| unreadable(path, source)));
    let seccomp = seccomp.transpose()?;
    let graph_copies = data.graph_backups(&spec.repo);
    let (user, repositories) = (env.user.clone(), data.repositories().to_owned());
    let no_hooks = args.no_hooks;
    let plan =
        Plan { spec, checkout, target, no_hooks, folder, repositories, secrets, user, graph, graph_copies, seccomp };
    Ok(Resolved { plan, engine, notes })
}

fn unreadable(path: &Path, source: std::io::Error) -> RunError {
    RunError::io("read", path, source)
}

enum Terminal {
    Yes,
    No,
}

/// The agent gets a terminal only where both ends are one: `ctr` panics otherwise.
fn streams(args: &RunArgs, env: &Env) -> Result<Terminal, Usage> {
    match env.stdin_is_terminal && env.stdout_is_terminal && !args.detach {
        true => Ok(Terminal::Yes),
        false if args.shell => Err(Usage::new("--shell needs a terminal on standard input and output")),
        false => Ok(Terminal::No),
    }
}

/// `ctr` makes pipes for the terminal, as a user somewhere else than as root.
fn fifo_dir(engine: &Engine, env: &Env, data: &DataDir, repo: &RepoId, name: &str) -> Option<PathBuf> {
    let as_user = !engine.ctr.needs_root && env.privilege == Privilege::Ordinary;
    as_user.then(|| data.runtime(repo, name).join("fifo"))
}

/// ssh connects by itself, and knows nothing of the proxy: the socket would be there, and no host.
fn ssh_has_a_way(args: &RunArgs) -> Result<(), Usage> {
    match args.ssh && args.network == Network::Egress {
        false => Ok(()),
        true => {
            Err(Usage::new("--ssh: SSH does not go through the proxy of --network egress, and would reach no host")
                .hint("give it the host's own network, with no wall: --ssh --network host")
                .hint("or leave --ssh away: git over HTTPS goes through the proxy"))
        }
    }
}

fn network(args: &RunArgs) -> NetworkSpec {
    NetworkSpec {
        mode: args.network,
        allow: args.egress.allow.clone(),
        only: args.egress.only.clone(),
        upstream_by_name: args.egress.upstream_by_name,
    }
}

fn mode(args: &RunArgs) -> Mode {
    match (args.shell, args.no_merge) {
        (true, _) => Mode::Shell,
        (false, true) => Mode::NoMerge,
        (false, false) => Mode::Merge,
    }
}

fn agent_shown(args: &RunArgs) -> String {
    match args.command.as_slice() {
        [] if args.shell => "shell".to_owned(),
        [] => program_name(args.agent).to_owned(),
        [program, rest @ ..] => Cmd::new(program).args(rest).to_string(),
    }
}

pub fn type_name(agent_type: AgentType) -> &'static str {
    match agent_type {
        AgentType::Worker => "worker",
        AgentType::Planner => "planner",
        AgentType::Buddy => "buddy",
    }
}

fn program_name(agent: Agent) -> &'static str {
    match agent {
        Agent::Copilot => "copilot",
        Agent::Claude => "claude",
        Agent::Codex => "codex",
    }
}

/// What the container's environment says openly.
fn variables(spec: &RunSpec, args: &RunArgs, env: &Env) -> Vec<(String, String)> {
    let mut variables = vec![
        ("BN_CONTAINER_MODE", "true".to_owned()),
        ("BN_AGENT", program_name(args.agent).to_owned()),
        ("BN_AGENT_TYPE", type_name(spec.agent_type).to_owned()),
        ("BN_AGENT_NAME", spec.name.clone()),
        ("BN_AGENT_ID", spec.session.clone()),
        ("BN_MERGE_TARGET", spec.target.clone()),
        ("BN_UID", env.user.uid.to_string()),
        ("BN_GID", env.user.gid.to_string()),
    ];
    if args.shell {
        variables.push(("BN_SHELL", "1".to_owned()));
    }
    if args.ssh {
        variables.push(("SSH_AUTH_SOCK", SSH_AGENT_INSIDE.to_owned()));
    }
    if args.network == Network::Egress {
        variables.extend(crate::egress::variables::variables());
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn optional_mounts(args: &RunArgs, env: &Env) -> Result<Vec<Mount>, Failure> {
    let mut mounts = Vec::new();
    // Which agent a command starts is its own affair: it may be copilot.
    if !args.command.is_empty() || args.agent == Agent::Copilot {
        let config = env.user.home.as_ref().map(|home| home.join(".config/github-copilot"));
        mounts
            .extend(config.filter(|path| path.is_dir()).map(|path| Mount::read_only_data(path, COPILOT_CONFIG_INSIDE)));
    }
    if args.ssh {
        let socket = env.ssh_auth_sock.as_ref().filter(|path| path.exists()).ok_or_else(|| {
            Usage::new("--ssh: no SSH agent answers").hint("start one: eval \"$(ssh-agent)\" && ssh-add")
        })?;
        mounts.push(Mount::read_only_data(socket, SSH_AGENT_INSIDE));
    }
    Ok(mounts)
}

/// The tokens, and the prompt: neither belongs on a command line.
fn secrets(args: &RunArgs, env: &Env, notes: &mut Vec<String>) -> Result<Secrets, Usage> {
    let mut secrets = Secrets::tokens(env);
    secrets::add_wanted(&mut secrets, &args.env, &args.secret, env)?;
    if args.command.is_empty() && !args.shell && !secrets.suffice_for(args.agent) {
        notes.push(format!(
            "warning: no token for {} is set ({})",
            program_name(args.agent),
            secrets::tokens_of(args.agent).join(", ")
        ));
    }
    let prompt = args.prompt.clone().or_else(|| env.initial_prompt.clone());
    secrets.insert(secrets::PROMPT, prompt.unwrap_or_else(|| DEFAULT_PROMPT.to_owned()));
    Ok(secrets)
}
