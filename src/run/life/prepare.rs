//! Everything a container needs, made before it starts: the record, the private git folder, pipes, small files, secrets.

use std::io::ErrorKind;
use std::path::Path;

use crate::container::ctr::ContainerSpec;
use crate::container::network::Network;
use crate::container::seccomp::PROFILE;
use crate::egress::origin::spec::Origin;
use crate::error::Failure;
use crate::failpoint::{self, Point};
use crate::git::collect::run_refs;
use crate::git::host::Git;
use crate::git::merge::catch_up;
use crate::git::private;
use crate::git::private::hooks::Inside;
use crate::git::private::prepare::{Asked, Laid, Request};
use crate::git::private::ways::Ways;
use crate::output::Output;
use crate::run::engine::Engine;
use crate::run::life::plan::Plan;
use crate::run::life::sign_in::{self, Share};
use crate::run::life::{conflicts, container, lasting, memory, review, tell};
use crate::run::record::census::all;
use crate::run::record::lock::Lock;
use crate::run::record::run::Run;
use crate::run::record::run_json::{Record, RunSpec};
use crate::run::record::secrets;
use crate::run::record::state::State;
use crate::run::record::{RunError, store};
use crate::run::watch::{graph, ports, proxy, status};
use crate::untrusted::remove;
use crate::untrusted::tree::Tree;

/// Refuses a name that a container has which is no run's of ours. `is_there` is what containerd said.
pub fn refuse_taken(name: &str, is_there: bool) -> Result<(), RunError> {
    let (why, hint) = ("is a container of another run", "choose another with --name".to_owned());
    if is_there { Err(RunError::NameInUse { name: name.to_owned(), why, hint }) } else { Ok(()) }
}

/// What a run needs for its start.
pub struct Ready {
    /// The container that it is to have.
    pub container: ContainerSpec,
    /// What is filled while that starts.
    pub git: Laid,
    /// Its worktree.
    pub tree: Tree,
}

/// Claims the name and the worktree, and prepares. A run that fails here was never there. What `required` asks for has to be true before
/// anything is made that lasts.
pub fn begin(
    plan: &Plan,
    engine: &Engine,
    git: &Git,
    output: Output,
    required: impl FnOnce() -> Result<(), Failure>,
) -> Result<(Run, Ready), Failure> {
    let run = claim(plan, engine, git, output)?;
    let share = Share::of(&plan.spec, &plan.folder);
    match prepare(&run, plan, git, output, required) {
        Ok(ready) => {
            share
                .iter()
                .try_for_each(|share| share.await_turn(output))
                .or_else(|error| undo(&run, git).and(Err(error)))?;
            Ok((run, ready))
        }
        Err(error) => {
            undo(&run, git)?;
            Err(error)
        }
    }
}

/// Takes the name and the worktree for this run, so that no other run gets them.
fn claim(plan: &Plan, engine: &Engine, git: &Git, output: Output) -> Result<Run, Failure> {
    let runs = plan.folder.path().parent().unwrap_or(Path::new("/"));
    store::create_private(runs).map_err(|source| RunError::io("make", runs, source))?;
    store::keep_apart(runs);
    // One door for all repositories: the names of containers are the machine's.
    let door = plan.repositories.join(".lock");
    let step = output.step("waiting for another start of a run");
    let _door = Lock::take(&door).map_err(|source| RunError::io("lock", &door, source))?;
    drop(step);
    let census = all(&plan.repositories)?;
    // A run whose record cannot be read has no owner to ask; its container shows whether it goes on.
    for lost in conflicts::unreadable(plan, &census) {
        if engine.has_container(&lost.name())? {
            return Err(lost.in_the_way(true).into());
        }
    }
    conflicts::refuse(plan, &census, git)?;
    let folder = &plan.folder;
    remove_all(folder.path())?;
    store::create_private(folder.path()).map_err(|source| RunError::io("make", folder.path(), source))?;
    let path = folder.lock();
    let lock = Lock::take(&path).map_err(|source| RunError::io("lock", &path, source))?;
    failpoint::reached(Point::FolderMade);
    let run = Run::new(folder.clone(), Record::new(plan.spec.clone(), crate::env::now()), lock);
    match run.save_ahead(Point::RunClaimed) {
        Ok(()) => Ok(run),
        Err(error) => {
            remove_all(folder.path())?;
            Err(error.into())
        }
    }
}

/// Makes all that is mounted. What is made stays in the run's folders, and goes with them if this fails.
fn prepare(
    run: &Run,
    plan: &Plan,
    git: &Git,
    output: Output,
    required: impl FnOnce() -> Result<(), Failure>,
) -> Result<Ready, Failure> {
    let spec = &plan.spec;
    let tree = review::tree(&spec.checkout);
    let folder = run.folder.path().to_owned();
    status::create(&run.folder).map_err(|source| RunError::io("make", &folder, source))?;
    write_files(run, plan).map_err(|source| RunError::io("write to", &folder, source))?;
    required()?;
    let git = prepare_git(run, plan, &tree, git, output)?;
    failpoint::reached(Point::FilesWritten);
    if !spec.graph.is_dir() {
        // The folder is made here, with its owner; runc would make it root's.
        tell::graph_of(spec)?;
    }
    store::create_private(&spec.runtime).map_err(|source| RunError::io("make", &spec.runtime, source))?;
    if spec.network.mode == Network::Egress {
        let egress = proxy::folder(&spec.runtime);
        store::create_private(&egress).map_err(|source| RunError::io("make", &egress, source))?;
    }
    if spec.has_own_network() {
        let ports = ports::folder(&spec.runtime);
        store::create_private(&ports).map_err(|source| RunError::io("make", &ports, source))?;
    }
    if spec.graph_access.is_served() {
        let door = graph::folder(&spec.runtime);
        store::create_private(&door).map_err(|source| RunError::io("make", &door, source))?;
    }
    spec.caches.as_deref().map_or(Ok(()), lasting::prepare)?;
    // Before what is remembered goes.
    let share = Share::of(spec, &run.folder);
    share.iter().try_for_each(Share::settle)?;
    memory::prepare(spec, plan.fresh)?;
    share.iter().try_for_each(Share::give)?;
    memory::write_settings(&spec.runtime, &plan.settings)?;
    let secrets = secrets::file(&spec.runtime);
    plan.secrets.write(&secrets).map_err(|source| RunError::io("write", &secrets, source))?;
    if !plan.model_keys.is_empty() {
        let keys = secrets::model_keys(&spec.runtime);
        plan.model_keys.write(&keys).map_err(|source| RunError::io("write", &keys, source))?;
    }
    failpoint::reached(Point::SecretsWritten);
    Ok(Ready { container: container::of(plan, &git), git, tree })
}

fn prepare_git(run: &Run, plan: &Plan, tree: &Tree, git: &Git, output: Output) -> Result<Laid, Failure> {
    let RunSpec { name, checkout, target, .. } = &plan.spec;
    let (head, said) = catch_up::catch_up(git, checkout, target)?;
    said.iter().for_each(|note| output.note(note));
    let hooks = if plan.no_hooks { Inside::LeftOut } else { Inside::Run };
    let network = &plan.spec.network;
    let ways = Ways { origin: network.origin.as_ref().map(Origin::inside), ssh: network.mode == Network::Host };
    let request = Request { run: name, folder: run.folder.path(), checkout, target, head, hooks, ways, tree };
    Ok(private::prepare::lay(git, request)?)
}

/// Fills what is mounted. From here on the run has something to take over. Returns what to tell the user.
pub fn fill(run: &mut Run, laid: Laid, uncommitted: Asked, git: &Git) -> Result<Vec<String>, Failure> {
    let (filled, notes) = laid.fill(git, uncommitted)?;
    run.record.start = Some(filled.start);
    failpoint::reached(Point::GitPrepared);
    run.enter_ahead(State::Starting, Point::RunPrepared)?;
    Ok(notes)
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
    if let Some(of) = &plan.spec.retry_of {
        status::tell_before(&run.folder, &of.went_wrong)?;
    }
    let profile = plan.seccomp.as_deref().unwrap_or(PROFILE.as_bytes());
    store::create_file(&run.folder.seccomp(), profile, 0o644)?;
    if !plan.spec.terminal {
        store::create_file(&run.folder.log(), b"", 0o600)?;
    }
    Ok(())
}

/// Takes everything back that a run which never started has made.
pub fn undo(run: &Run, git: &Git) -> Result<(), Failure> {
    let spec = &run.record.spec;
    run_refs::abandon(git, &spec.checkout.common_dir, &spec.name, run.folder.path())?;
    sign_in::end(run)?;
    remove_secrets(spec)?;
    remove_all(run.folder.path())
}

/// Empties and removes the file of secrets, which the entrypoint has read.
pub fn remove_secret_file(spec: &RunSpec) -> Result<(), RunError> {
    let path = secrets::file(&spec.runtime);
    secrets::shred(&path).map_err(|source| RunError::io("remove", &path, source))
}

/// Empties and removes the file of keys that the proxy has read, or was to read.
pub fn remove_model_keys(spec: &RunSpec) -> Result<(), RunError> {
    let path = secrets::model_keys(&spec.runtime);
    secrets::shred(&path).map_err(|source| RunError::io("remove", &path, source))
}

/// Whether what stands at the place of the folder of secrets and sockets is closed to the user. systemd keeps such folders in a
/// file system of the user's own; with that, all that was in it is gone.
pub fn is_out_of_reach(spec: &RunSpec) -> bool {
    std::fs::symlink_metadata(&spec.runtime).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// Removes the folder of secrets and sockets.
pub fn remove_secrets(spec: &RunSpec) -> Result<(), Failure> {
    if is_out_of_reach(spec) {
        return Ok(());
    }
    remove_secret_file(spec)?;
    remove_model_keys(spec)?;
    remove_all(&spec.runtime)
}

fn remove_all(path: &Path) -> Result<(), Failure> {
    // The agent could write to folders below it, and close them.
    Ok(remove::folder(path)?)
}
