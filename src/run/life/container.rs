//! The container of a run: what follows for `ctr` from what was resolved and what git's preparation has made.

use std::path::Path;

use crate::container::HOME_INSIDE;
use crate::container::agent::ENTRYPOINT;
use crate::container::agent_home;
use crate::container::caches;
use crate::container::ctr::{ContainerSpec, Streams};
use crate::container::mount::{Mount, Tmpfs, masks};
use crate::container::network::Network;
use crate::container::user_mount::{self, UserMount};
use crate::env::UserTerminal;
use crate::git::private::mounts::GitMount;
use crate::git::private::prepare::Laid;
use crate::run::life::memory;
use crate::run::life::plan::Plan;
use crate::run::record::run_json::{Mode, RunSpec};
use crate::run::record::secrets;
use crate::run::watch::{graph, ports, proxy, status};

/// In the container: where the entrypoint finds it.
const COPILOT_CONFIG_INSIDE: &str = "/copilot-config";
const SSH_AGENT_INSIDE: &str = "/run/binnacle/ssh.sock";
/// What the user's hooks start: the image may lack it, and the entrypoint says so.
const HOOK_PROGRAMS: &str = "BN_HOOK_PROGRAMS";

/// What the entrypoint runs before the agent.
const SETUP: &str = "BN_SETUP";

/// Returns what `ctr run` is told.
pub fn of(plan: &Plan, git: &Laid) -> ContainerSpec {
    let (spec, host) = (&plan.spec, &plan.host);
    ContainerSpec {
        id: spec.name.clone(),
        image: spec.image.clone(),
        repo: spec.repo().as_str().to_owned(),
        session: spec.session.clone(),
        mounts: mounts(plan, &git.mounts),
        env: variables(plan, &git.hook_programs),
        args: std::iter::once(ENTRYPOINT.to_owned()).chain(spec.command.clone()).collect(),
        limits: spec.limits.clone(),
        host_network: !spec.has_own_network(),
        hostname: host.hostname_flag.then(|| spec.name.clone()),
        seccomp: Some(plan.folder.seccomp()),
        apparmor: host.apparmor.clone(),
        rlimit_flag: host.rlimit_flag,
        pid_file: plan.folder.pid(),
        streams: match spec.terminal {
            // `ctr` makes pipes for the terminal, as a user somewhere else than as root.
            true => Streams::Terminal { fifo_dir: host.as_user.then(|| spec.runtime.join("fifo")) },
            false => Streams::Log(plan.folder.log()),
        },
    }
}

fn mounts(plan: &Plan, git: &[GitMount]) -> Vec<Mount> {
    let (spec, folder) = (&plan.spec, &plan.folder);
    let tmpfs = |uid, gid, mode| Tmpfs { uid, gid, mode, size: spec.limits.memory / 2 };
    let mut mounts = vec![
        graph_mount(spec),
        Mount::read_write(folder.status(), status::STATUS_INSIDE),
        Mount::read_only_data(folder.control(), status::CONTROL_INSIDE),
        Mount::read_only_data(secrets::file(&spec.runtime), secrets::INSIDE),
        Mount::tmpfs(HOME_INSIDE, tmpfs(spec.uid, spec.gid, 0o700)),
        Mount::tmpfs("/tmp", tmpfs(0, 0, 0o1777)),
        Mount::tmpfs("/var/tmp", tmpfs(0, 0, 0o1777)),
        Mount::shared_memory(spec.limits.memory / 2),
        Mount::cgroup(),
    ];
    if spec.network.mode == Network::Egress {
        mounts.push(Mount::read_only_data(proxy::folder(&spec.runtime), proxy::INSIDE));
    }
    if spec.has_own_network() {
        mounts.push(Mount::read_only_data(ports::folder(&spec.runtime), ports::INSIDE));
        let etc = |name: &str| Mount::read_only_data(folder.etc().join(name), Path::new("/etc").join(name));
        mounts.extend(["hosts", "hostname", "resolv.conf"].map(etc));
    }
    mounts.extend(spec.caches.iter().map(|caches| Mount::read_write(caches, caches::INSIDE)));
    mounts.extend(spec.mounts.iter().map(UserMount::mount));
    if let (Some(home), Some(agent)) = (&spec.agent_home, spec.agent_inside()) {
        mounts.push(Mount::read_write(home, agent_home::of(agent).inside()));
    }
    if !plan.settings.is_empty() {
        mounts.push(Mount::read_only_data(memory::settings(&spec.runtime), agent_home::SETTINGS_INSIDE));
    }
    let lent = [(&plan.copilot_config, COPILOT_CONFIG_INSIDE), (&plan.ssh_agent, SSH_AGENT_INSIDE)];
    mounts.extend(lent.into_iter().filter_map(|(path, inside)| Some(Mount::read_only_data(path.as_ref()?, inside))));
    mounts.extend(masks(|path| path.exists()));
    mounts.extend(git.iter().map(git_mount));
    mounts
}

/// The socket on which the owner answers for the graph, which no program inside can replace; or the graph itself.
fn graph_mount(spec: &RunSpec) -> Mount {
    match spec.graph_access.is_served() {
        true => Mount::read_only_data(graph::folder(&spec.runtime), graph::INSIDE),
        false => Mount::read_write(&spec.graph, graph::INSIDE),
    }
}

fn git_mount(mount: &GitMount) -> Mount {
    match mount.read_only {
        true => Mount::read_only(&mount.source, &mount.destination),
        false => Mount::read_write(&mount.source, &mount.destination),
    }
}

/// What the container's environment says openly.
fn variables(plan: &Plan, hook_programs: &[String]) -> Vec<(String, String)> {
    let spec = &plan.spec;
    let mut variables = vec![
        ("BN_CONTAINER_MODE", "true".to_owned()),
        ("BN_AGENT", spec.agent.program().to_owned()),
        ("BN_AGENT_TYPE", spec.agent_type.name().to_owned()),
        ("BN_AGENT_NAME", spec.name.clone()),
        ("BN_AGENT_ID", spec.session.clone()),
        ("BN_MERGE_TARGET", spec.target.branch.clone()),
        ("BN_UID", spec.uid.to_string()),
        ("BN_GID", spec.gid.to_string()),
    ];
    let shared: Vec<String> = spec.writable_mounts().map(|mount| mount.destination.display().to_string()).collect();
    if !shared.is_empty() {
        variables.push((user_mount::SHARED, shared.join(":")));
    }
    if spec.caches.is_some() {
        variables.push((caches::VARIABLE, caches::words()));
    }
    if let (Some(_), Some(agent)) = (&spec.agent_home, spec.agent_inside()) {
        variables.push((agent_home::VARIABLE, agent.program().to_owned()));
        variables.extend(agent_home::of(agent).variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
    }
    if spec.go_on {
        variables.push((agent_home::CONTINUE, "1".to_owned()));
    }
    variables.extend(spec.setup.iter().map(|command| (SETUP, command.clone())));
    if spec.mode == Mode::Shell {
        variables.push(("BN_SHELL", "1".to_owned()));
    }
    if spec.mode == Mode::Check {
        variables.push(("BN_CHECK", "1".to_owned()));
    }
    if spec.mode == Mode::SignIn {
        variables.push(("BN_SIGN_IN", "1".to_owned()));
    }
    if plan.ssh_agent.is_some() {
        variables.push(("SSH_AUTH_SOCK", SSH_AGENT_INSIDE.to_owned()));
    }
    if spec.network.mode == Network::Egress {
        variables.extend(proxy::variables());
    }
    variables.extend(user_variables(plan));
    if !hook_programs.is_empty() {
        variables.push((HOOK_PROGRAMS, hook_programs.join(" ")));
    }
    let endpoints = spec.network.endpoint_variables();
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(endpoints).collect()
}

/// What is fitted to the image in there: the user's time zone, and the terminal with the editor in it.
fn user_variables(plan: &Plan) -> Vec<(&'static str, String)> {
    let zone = [("BN_TZ", &plan.time_zone.name), ("BN_TZ_RULE", &plan.time_zone.rule)];
    let zone = zone.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    zone.chain(plan.terminal.iter().flat_map(UserTerminal::variables)).collect()
}
