//! Everything a container needs, made before it starts: the record, the private git folder, pipes, small files, secrets.

use std::path::{Path, PathBuf};

use crate::container::mount::{Mount, Tmpfs};
use crate::container::network::Network;
use crate::container::seccomp::PROFILE;
use crate::env::User;
use crate::error::Failure;
use crate::failpoint::{self, Point};
use crate::git::collect::run_refs;
use crate::git::host::{Git, catch_up};
use crate::git::private;
use crate::git::private::hooks::Inside;
use crate::git::private::mounts::GitMount;
use crate::graph::store::Store;
use crate::output::Output;
use crate::run::engine::Engine;
use crate::run::life::plan::Plan;
use crate::run::life::{conflicts, review};
use crate::run::record::folder::Folder;
use crate::run::record::lock::Lock;
use crate::run::record::run_json::{Record, Run, RunSpec, all};
use crate::run::record::secrets;
use crate::run::record::state::State;
use crate::run::record::{RunError, store};
use crate::run::watch::{proxy, status};
use crate::untrusted::remove;

/// In the container: the graph's folder.
const GRAPH_INSIDE: &str = "/binnacle";
/// What the user's hooks start: the image may lack it, and the entrypoint says so.
const HOOK_PROGRAMS: &str = "BN_HOOK_PROGRAMS";
const HOME_INSIDE: &str = "/home/agent";

/// Claims the name and the worktree, and prepares. A run that fails here was never there.
pub fn begin(plan: &Plan, engine: &Engine, git: &Git, output: Output) -> Result<Run, Failure> {
    if engine.has_container(&plan.spec.name)? {
        return Err(RunError::NameInUse {
            name: plan.spec.name.clone(),
            why: "is a container of another run",
            hint: "choose another with --name".to_owned(),
        }
        .into());
    }
    // A run of which nothing can be read has no owner that would tell; its container does.
    for lost in conflicts::unreadable(plan)? {
        if engine.has_container(&lost.name())? {
            return Err(lost.in_the_way(true).into());
        }
    }
    let mut run = claim(plan, git)?;
    if let Err(error) = prepare(&mut run, plan, git) {
        undo(&run, git)?;
        return Err(error);
    }
    run.record.git.iter().flat_map(|git| &git.notes).for_each(|note| output.note(note));
    Ok(run)
}

/// Takes the name and the worktree for this run, so that no other run gets them.
fn claim(plan: &Plan, git: &Git) -> Result<Run, Failure> {
    let runs = plan.folder.path().parent().unwrap_or(Path::new("/"));
    store::create_private(runs).map_err(|source| RunError::io("make", runs, source))?;
    // One door for all repositories: the names of containers are the machine's.
    let door = plan.repositories.join(".lock");
    let _door = Lock::take(&door).map_err(|source| RunError::io("lock", &door, source))?;
    conflicts::refuse(plan, &all(&plan.repositories)?, git)?;
    let folder = &plan.folder;
    remove_all(folder.path())?;
    store::create_private(folder.path()).map_err(|source| RunError::io("make", folder.path(), source))?;
    let path = folder.lock();
    let lock = Lock::take(&path).map_err(|source| RunError::io("lock", &path, source))?;
    failpoint::reached(Point::FolderMade);
    let run = Run::new(folder.clone(), Record::new(plan.spec.clone(), crate::env::now()), lock);
    match run.save(Point::RunClaimed) {
        Ok(()) => Ok(run),
        Err(error) => {
            remove_all(folder.path())?;
            Err(error.into())
        }
    }
}

/// Makes it all. What is made stays in the run's folders, and goes with them if this fails.
fn prepare(run: &mut Run, plan: &Plan, git: &Git) -> Result<(), Failure> {
    let spec = &plan.spec;
    let hooks = if plan.no_hooks { Inside::LeftOut } else { Inside::Run };
    let (checkout, said) = catch_up::catch_up(git, plan.checkout.clone(), &plan.target)?;
    let target = plan.target.clone();
    let mut prepared = private::prepare::prepare(git, checkout, target, &spec.name, run.folder.path(), hooks)?;
    prepared.notes.extend(said);
    review::remember(git, &prepared, &run.folder)?;
    run.record.git = Some(prepared);
    run.save(Point::GitPrepared)?;
    // The folder is made here, with its owner; runc would make it root's.
    Store::open(&plan.graph)?.copy_before(&spec.name, &plan.graph_copies, crate::env::now())?;
    let folder = run.folder.path().to_owned();
    status::create(&run.folder).map_err(|source| RunError::io("make", &folder, source))?;
    write_files(run, plan).map_err(|source| RunError::io("write to", &folder, source))?;
    failpoint::reached(Point::FilesWritten);
    store::create_private(&spec.runtime).map_err(|source| RunError::io("make", &spec.runtime, source))?;
    if spec.network.mode == Network::Egress {
        let egress = proxy::folder(&spec.runtime);
        store::create_private(&egress).map_err(|source| RunError::io("make", &egress, source))?;
    }
    let secrets = secrets_file(&spec.runtime);
    plan.secrets.write(&secrets).map_err(|source| RunError::io("write", &secrets, source))?;
    failpoint::reached(Point::SecretsWritten);
    let mut mounts = spec.container.mounts.clone();
    mounts.extend(run.record.git.iter().flat_map(|git| git_mounts(&git.mounts)));
    run.record.spec.container.mounts = mounts;
    let programs: Vec<String> = run.record.git.iter().flat_map(|git| git.hook_programs.clone()).collect();
    if !programs.is_empty() {
        run.record.spec.container.env.push((HOOK_PROGRAMS.to_owned(), programs.join(" ")));
    }
    Ok(run.enter(State::Starting, Point::RunPrepared)?)
}

/// Git's mounts as the container gets them.
fn git_mounts(mounts: &[GitMount]) -> Vec<Mount> {
    let mount = |mount: &GitMount| match mount.read_only {
        true => Mount::read_only(&mount.source, &mount.destination),
        false => Mount::read_write(&mount.source, &mount.destination),
    };
    mounts.iter().map(mount).collect()
}

pub fn secrets_file(runtime: &Path) -> PathBuf {
    runtime.join("env")
}

/// The mounts that every run has beside its git folders.
pub fn mounts(spec: &RunSpec, folder: &Folder, user: &User) -> Vec<Mount> {
    let memory = spec.container.limits.memory;
    let tmpfs = |uid, gid, mode| Tmpfs { uid, gid, mode, size: memory / 2 };
    let mut mounts = vec![
        Mount::read_write(&spec.graph, GRAPH_INSIDE),
        Mount::read_write(folder.status(), status::STATUS_INSIDE),
        Mount::read_only_data(folder.control(), status::CONTROL_INSIDE),
        Mount::read_only_data(secrets_file(&spec.runtime), secrets::INSIDE),
        Mount::tmpfs(HOME_INSIDE, tmpfs(user.uid, user.gid, 0o700)),
        Mount::tmpfs("/tmp", tmpfs(0, 0, 0o1777)),
        Mount::tmpfs("/var/tmp", tmpfs(0, 0, 0o1777)),
        Mount::cgroup(),
    ];
    if spec.network.mode == Network::Egress {
        mounts.push(Mount::read_only_data(proxy::folder(&spec.runtime), proxy::INSIDE));
    }
    if !spec.container.host_network {
        let etc = |name: &str| Mount::read_only_data(folder.etc().join(name), Path::new("/etc").join(name));
        mounts.extend(["hosts", "hostname", "resolv.conf"].map(etc));
    }
    mounts
}

/// Files that stand over the image's own: it may carry the names of the machine that built it.
fn write_files(run: &Run, plan: &Plan) -> std::io::Result<()> {
    let etc = run.folder.etc();
    store::create_private(&etc)?;
    let name = run.name();
    let hosts = format!("127.0.0.1\tlocalhost {name}\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    for (file, text) in [("hosts", hosts), ("hostname", format!("{name}\n")), ("resolv.conf", String::new())] {
        store::create_file(&etc.join(file), text.as_bytes(), 0o644)?;
    }
    let profile = plan.seccomp.as_deref().unwrap_or(PROFILE.as_bytes());
    store::create_file(&seccomp_file(&run.folder), profile, 0o644)?;
    if matches!(plan.spec.container.streams, crate::container::ctr::Streams::Log(_)) {
        store::create_file(&run.folder.log(), b"", 0o600)?;
    }
    Ok(())
}

pub fn seccomp_file(folder: &Folder) -> PathBuf {
    folder.etc().join("seccomp.json")
}

/// Takes everything back that a run which never started has made.
fn undo(run: &Run, git: &Git) -> Result<(), Failure> {
    let spec = &run.record.spec;
    run_refs::abandon(git, &spec.common_dir, &spec.name, run.folder.path())?;
    remove_secrets(spec)?;
    remove_all(run.folder.path())
}

/// Empties and removes the file of secrets, which the entrypoint has read.
pub fn remove_secret_file(spec: &RunSpec) -> Result<(), RunError> {
    let path = secrets_file(&spec.runtime);
    secrets::shred(&path).map_err(|source| RunError::io("remove", &path, source))
}

/// Removes the folder of secrets and sockets.
pub fn remove_secrets(spec: &RunSpec) -> Result<(), Failure> {
    remove_secret_file(spec)?;
    remove_all(&spec.runtime)
}

fn remove_all(path: &Path) -> Result<(), Failure> {
    // The agent could write to folders below it, and close them.
    Ok(remove::folder(path)?)
}
