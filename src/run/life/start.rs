//! From a prepared run to a container that waits at the gate, with its limits set and its wall checked.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use crate::container::ctr::{ContainerSpec, Streams, runc_update};
use crate::container::from_host;
use crate::env::Env;
use crate::error::{Failure, in_one_sentence};
use crate::failpoint::Point;
use crate::git::collect::run_refs;
use crate::git::host::Git;
use crate::output::{Output, progress};
use crate::process::{Cmd, exit_code};
use crate::run::engine::process::Watched;
use crate::run::engine::{Engine, EngineError, Starting};
use crate::run::life::{prepare, sign_in, tell};
use crate::run::record::RunError;
use crate::run::record::folder::Folder;
use crate::run::record::run::Run;
use crate::run::record::state::State;
use crate::run::watch::doors::Doors;
use crate::run::watch::status;
use crate::run::watch::terminal::Terminal;
use crate::run::watch::wall::{self, WallError};

/// How long the image's entrypoint may take to get to the gate.
const TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_micros(500);

/// `ctr` in the foreground, where the agent has the terminal; and how that was.
#[derive(Debug, Default)]
pub struct Foreground(Option<(Child, Terminal)>);

impl Foreground {
    /// The exit code of `ctr`, which is the container's, once it ended.
    pub fn ended(&mut self) -> std::io::Result<Option<u8>> {
        match &mut self.0 {
            Some((child, _)) => Ok(child.try_wait()?.map(exit_code)),
            None => Ok(None),
        }
    }

    /// Whether the agent has the terminal: what is said meanwhile has to know.
    pub fn has_terminal(&self) -> bool {
        self.0.is_some()
    }

    fn show_as_written(&self) {
        if let Some((_, terminal)) = &self.0 {
            terminal.show_as_written();
        }
    }

    /// Waits for `ctr` to clean up behind the container, and takes the terminal back.
    pub fn wait(&mut self, output: Output) -> std::io::Result<Option<u8>> {
        let Some((mut child, terminal)) = self.0.take() else { return Ok(None) };
        let ended = child.wait();
        terminal.take_back(output);
        Ok(Some(exit_code(ended?)))
    }
}

/// A container that waits at the gate.
#[derive(Default)]
pub struct Started {
    pub foreground: Foreground,
    /// Where they are open already.
    pub doors: Option<Doors>,
}

/// What a start works with.
pub struct Starter<'a> {
    pub env: &'a Env,
    pub engine: &'a Engine,
    /// It remembers.
    pub git: &'a Git,
    pub output: Output,
    /// Gets the image for a containerd that has lost it.
    pub get_image: &'a dyn Fn() -> Result<(), Failure>,
}

/// Starts the container, and does `meanwhile` what has to be done before the agent runs. If one of them fails, nothing is left but a record
/// that says why.
pub fn start(
    run: &mut Run,
    container: &ContainerSpec,
    starter: &Starter<'_>,
    meanwhile: impl FnOnce(&mut Run) -> Result<(), Failure>,
) -> Result<Foreground, Failure> {
    let Starter { engine, git, output, .. } = *starter;
    let mut foreground = Foreground::default();
    // An agent at the terminal has it from the start.
    let apart = output.while_lent(matches!(container.streams, Streams::Terminal { .. }));
    let step = apart.step(format_args!("starting the container of {}", run.name()));
    let launched = launch(run, container, starter, &mut foreground, meanwhile);
    let outcome = launched.and_then(|()| wall_in(run, container, engine));
    drop(step);
    match outcome {
        Ok(()) => Ok(foreground),
        Err(error) => {
            give_up(run, engine, git, &mut foreground, &error, output)?;
            Err(error)
        }
    }
}

/// Starts it, and sets meanwhile what needs nothing of what the entrypoint does.
fn launch(
    run: &mut Run,
    container: &ContainerSpec,
    starter: &Starter<'_>,
    foreground: &mut Foreground,
    meanwhile: impl FnOnce(&mut Run) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let engine = starter.engine;
    let mut starting = None;
    match container.streams {
        Streams::Log(_) => starting = Some(engine.begin_start(container)?),
        Streams::Terminal { .. } => {
            let terminal = Terminal::save();
            let ctr = engine.runner().spawn_foreground(&engine.ctr.run(container)).map_err(EngineError::from)?;
            foreground.0 = ctr.map(|ctr| (ctr, terminal));
        }
    }
    let output = starter.output.while_lent(foreground.has_terminal());
    let folder = &run.folder.clone();
    let follow = |foreground| {
        wall::look_ahead();
        Created::follow(folder, container, engine, (foreground, starting), output)
    };
    let (done, created) = match engine.runner().rehearses() {
        // In the order that a start has most of the time.
        true => (meanwhile(run), follow(&mut *foreground)),
        false => thread::scope(|scope| {
            let created = scope.spawn(|| follow(&mut *foreground));
            let done = meanwhile(run);
            (done, created.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        }),
    };
    let created = match created {
        Err(error) if done.is_ok() && is_without_image(&error) => {
            (starter.get_image)()?;
            Created::follow(folder, container, engine, (foreground, Some(engine.begin_start(container)?)), output)
        }
        // A container that another run has by now stays as it is.
        Err(error) if matches!(error.find(), Some(EngineError::Taken { .. })) => {
            prepare::refuse_taken(&container.id, engine.has_container(&container.id)?)?;
            Err(error)
        }
        created => created,
    };
    // Whatever else went wrong, `ctr` knows best.
    let created = created?;
    crate::failpoint::reached(Point::ContainerStarted);
    run.record.pid = created.pid;
    done?;
    if !engine.runner().rehearses() {
        // Where it has ended, its own last words say more than that nothing could be set.
        await_start((folder, &container.id), engine, foreground, status::has_started)?;
    }
    created.set
}

fn is_without_image(error: &Failure) -> bool {
    matches!(error.find(), Some(EngineError::NoImage { .. }))
}

/// Whether it could not start for a reason that `bn` might have seen before it made anything.
pub(super) fn was_never_there(error: &Failure) -> bool {
    is_without_image(error) || matches!(error.find(), Some(RunError::NameInUse { .. }))
}

/// A container that has been created.
struct Created {
    /// Its first process. `None` where that has ended, and in a rehearsal.
    pid: Option<u32>,
    /// Whether what `ctr` has no flag for could be set.
    set: Result<(), Failure>,
}

impl Created {
    /// Waits for one that comes, and sets what `ctr` has no flag for. `starting` is a `ctr` in the background, and then nothing is set
    /// before that is done: there is enough for two processors to do.
    fn follow(
        folder: &Folder,
        container: &ContainerSpec,
        engine: &Engine,
        (foreground, starting): (&mut Foreground, Option<Starting>),
        output: Output,
    ) -> Result<Self, Failure> {
        match starting {
            // Whatever goes wrong, it knows best.
            Some(starting) => starting.finish()?,
            None if engine.runner().rehearses() => {}
            None => await_start((folder, &container.id), engine, foreground, |folder| folder.pid().exists())?,
        }
        // `ctr` has set it to raw before it wrote that.
        foreground.show_as_written();
        let pid = first_process(folder, container, engine)?;
        Ok(Self { pid, set: set_from_outside(pid, container, engine, output) })
    }
}

/// Waits until the container of this folder and id has come so far, and ends with its last words where it comes no further.
fn await_start(
    (folder, id): (&Folder, &str),
    engine: &Engine,
    foreground: &mut Foreground,
    is_there: impl Fn(&Folder) -> bool,
) -> Result<(), Failure> {
    let deadline = Instant::now() + TIMEOUT;
    let io = |source| RunError::io("watch", folder.path(), source);
    let mut look_again = Instant::now() + Duration::from_secs(1);
    while !is_there(folder) {
        if let Some(code) = foreground.ended().map_err(io)? {
            return Err(RunError::EndedEarly { reason: format!("ctr exited with {code}") }.into());
        }
        if Instant::now() >= look_again {
            look_again += Duration::from_secs(1);
            let alive = engine.task(id)?.is_some_and(|task| task.status.is_alive());
            if !alive && !foreground.has_terminal() && !is_there(folder) {
                return Err(ended_early(folder).into());
            }
        }
        if Instant::now() >= deadline {
            return Err(RunError::NotReady { seconds: TIMEOUT.as_secs() }.into());
        }
        progress::sleep(POLL);
    }
    Ok(())
}

/// The last line that the container printed says why.
fn ended_early(folder: &Folder) -> RunError {
    let text = std::fs::File::open(folder.log()).and_then(crate::process::tail).unwrap_or_default();
    match crate::process::last_line(&text) {
        "" => RunError::EndedEarly { reason: "it is gone".to_owned() },
        said => RunError::EndedEarly { reason: said.to_owned() },
    }
}

/// The number of the container's first process, as `ctr` has written it down, if that one lives. In a rehearsal there is none.
fn first_process(folder: &Folder, container: &ContainerSpec, engine: &Engine) -> Result<Option<u32>, RunError> {
    let path = folder.pid();
    if engine.runner().rehearses() {
        return Ok(None);
    } else if !path.exists() {
        return Err(ended_early(folder));
    }
    let io = |source| RunError::io("read", &path, source);
    let pid =
        std::fs::read_to_string(&path).map_err(io)?.trim().parse().map_err(|error| io(std::io::Error::other(error)))?;
    // Where `ctr` ran through sudo the file is root's, in a folder of the user's.
    std::fs::remove_file(&path).map_err(io)?;
    Ok(Watched::find(pid, &container.id).map_err(io)?.map(|_| pid))
}

/// What this `ctr` has no flag for. A name is good to have.
fn set_from_outside(pid: Option<u32>, spec: &ContainerSpec, engine: &Engine, output: Output) -> Result<(), Failure> {
    let runner = engine.runner();
    let limited = runner.begin(&runc_update(&spec.id, &spec.limits))?;
    let unnamed = pid.filter(|_| spec.hostname.is_none());
    let named = unnamed.map_or(Ok(()), |pid| runner.read(&from_host::set_hostname(pid, &spec.id)).map(drop));
    let limited = limited.read();
    if let Err(error) = named {
        output.note(format_args!("the container could not get a host name of its own: {error}"));
    }
    limited?;
    Ok(())
}

/// At the gate: the secrets are read by now, and go. The wall is looked at before anything of the agent runs.
fn wall_in(run: &mut Run, container: &ContainerSpec, engine: &Engine) -> Result<(), Failure> {
    prepare::remove_secret_file(&run.record.spec)?;
    crate::failpoint::reached(Point::SecretsRemoved);
    if engine.runner().rehearses() {
        // All else is done to a process.
        return Ok(());
    }
    let pid = run.record.pid.ok_or_else(|| ended_early(&run.folder))?;
    limit_processes(container, engine, pid)?;
    wall::check(pid, container, run.record.spec.uid, run.record.spec.gid)?;
    if run.record.spec.detached {
        // Its owner is another process, and learns the number there. Else it is written with the next step.
        run.save_ahead(Point::PidRecorded)?;
    }
    Ok(())
}

/// Limits that a process hands on to those that it starts: here all of them wait at the gate.
fn limit_processes(spec: &ContainerSpec, engine: &Engine, pid: u32) -> Result<(), Failure> {
    let pids = wall::pids(pid).map_err(WallError::from)?;
    // Where root may not do it either, the look at the wall tells.
    ask_root(from_host::refuse_dumps(&wall::lower_limits(&pids, &spec.limits)?), engine);
    if !spec.rlimit_flag {
        // Where root may not raise it, every run would print the same note, so only the doctor does.
        let refused = wall::raise_open_files(&pids, &spec.limits)?;
        ask_root(from_host::raise_open_files(&refused, &spec.limits), engine);
    }
    Ok(())
}

/// Has root try what the kernel has refused to this user. Root itself has its answer already.
pub(super) fn ask_root(cmds: Vec<Cmd>, engine: &Engine) {
    if !engine.runner().is_root() {
        cmds.iter().for_each(|cmd| drop(engine.runner().read(cmd)));
    }
}

fn give_up(
    run: &mut Run,
    engine: &Engine,
    git: &Git,
    foreground: &mut Foreground,
    error: &Failure,
    output: Output,
) -> Result<(), Failure> {
    let id = run.name().to_owned();
    // Another run may have taken the name first: its container is not this one's to end.
    let own = engine.has_own(&id, &run.record.spec.session)?;
    if own {
        engine.terminate(&id, Duration::ZERO)?;
    }
    foreground.wait(output).map_err(|source| RunError::io("wait for", run.folder.path(), source))?;
    if own {
        engine.remove_process(&id)?;
        engine.remove(&id)?;
    }
    sign_in::end(run)?;
    prepare::remove_secrets(&run.record.spec)?;
    run_refs::abandon(git, &run.record.spec.checkout.common_dir, run.name(), run.folder.path())?;
    if let Err(error) = tell::not_started(&run.record) {
        output.note(tell::untold(&error));
    }
    // Its number may be another process's soon.
    run.record.pid = None;
    run.record.reason = Some(in_one_sentence(error));
    run.record.ended_at = Some(crate::env::now());
    Ok(run.enter(State::StartFailed, Point::StartFailed)?)
}
