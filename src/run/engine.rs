//! containerd, asked through `ctr`: is it there, does it let us in, and what does its answer mean.

mod meanwhile;
mod pidfd_info;
pub mod process;

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::container::ctr::Ctr;
use crate::container::registry;
use crate::container::tasks::{EngineStatus, EngineTask, parse_exit_code, parse_tasks};
use crate::env::{Env, Privilege};
use crate::error::Explain;
use crate::output::progress;
use crate::process::install;
use crate::process::{Captured, Cmd, ProcessError, Runner, last_line};
use crate::run::engine::process::Watched;

pub use meanwhile::{AskedContainer, AskedImage, Removal, Starting};

const DEFAULT_ADDRESS: &str = "/run/containerd/containerd.sock";
/// How often a process that was sent a signal is looked for.
const POLL: Duration = Duration::from_millis(50);
/// How often containerd is asked meanwhile: somebody may have paused it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("{tool} not found")]
    NotFound { tool: &'static str },
    #[error("containerd is not running: nothing listens at {address}")]
    NotRunning { address: String },
    #[error("containerd does not answer: {message}")]
    Failed { message: String },
    #[error("the image {reference} is not built")]
    NoImage { reference: String },
    #[error("the container could not be started: {message}")]
    NotStarted { message: String },
    /// Perhaps there is a container of that name.
    #[error("the container could not be started: {message}")]
    Taken { message: String },
    #[error("containerd refused to {what} {id}: {message}")]
    Refused { what: &'static str, id: String, message: String },
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl Explain for EngineError {
    fn hints(&self) -> Vec<String> {
        match self {
            EngineError::NotFound { tool } => install::hints(tool),
            EngineError::NotRunning { .. } => vec![
                "start it: sudo systemctl enable --now containerd".to_owned(),
                "or, if it listens elsewhere: CONTAINERD_ADDRESS=/path/to/containerd.sock".to_owned(),
            ],
            EngineError::Failed { .. } => vec!["look at: sudo systemctl status containerd".to_owned()],
            EngineError::NoImage { reference } => ways_to_get(reference),
            EngineError::Process(error) => error.hints(),
            EngineError::Taken { .. } => vec!["choose another with --name".to_owned()],
            EngineError::NotStarted { .. } | EngineError::Refused { .. } => Vec::new(),
        }
    }
}

/// A run takes what buildah has, podman's images among that. Registries that want to know who asks are told by `buildah login`.
fn ways_to_get(reference: &str) -> Vec<String> {
    let build = build_hint(reference);
    let from_docker = format!("docker has it: buildah pull docker-daemon:{reference}");
    match reference.strip_prefix("localhost/") {
        Some(own) if own.starts_with("binnacle-self:") => vec![build],
        Some(_) => vec![build, from_docker],
        None => vec![
            format!("fetch it: buildah pull {reference}"),
            format!("where its registry asks who you are, first: buildah login {}", registry::host(reference)),
            from_docker,
            build,
        ],
    }
}

fn build_hint(reference: &str) -> String {
    match reference.strip_prefix("localhost/binnacle-self:") {
        Some("latest") => "build it: bn container build".to_owned(),
        Some(tag) if tag.starts_with("devcontainer-") => "build it: bn container build --devcontainer".to_owned(),
        Some(tag) => format!("build it: bn container build --tag {tag}"),
        None => format!("build it: bn container build --tag {reference}"),
    }
}

/// A containerd that lets us in.
#[derive(Clone, Debug)]
pub struct Engine {
    pub ctr: Ctr,
    runner: Runner,
}

impl Engine {
    /// Finds containerd, and asks sudo's one question if there is one to ask.
    pub fn connect(env: &Env, runner: &Runner) -> Result<Self, EngineError> {
        let engine = Self::locate(env, runner)?;
        engine.authenticate(env)?;
        let answer = runner.capture(&engine.ctr.version())?;
        if answer.success() { Ok(engine) } else { Err(from_stderr(&engine.ctr.address, &answer.stderr)) }
    }

    /// Asks sudo's one question, if there is one to ask.
    pub fn authenticate(&self, env: &Env) -> Result<(), ProcessError> {
        self.runner.authenticate(&self.ctr.version(), env.terminal)
    }

    /// Finds containerd and asks nothing: for looking, where a question would be in the way.
    pub fn locate(env: &Env, runner: &Runner) -> Result<Self, EngineError> {
        if !is_installed(env, "ctr") {
            return Err(EngineError::NotFound { tool: "containerd" });
        }
        let address = address(env);
        // As root this is the answer; as a user, "not permitted" only means that sudo has to ask.
        let needs_root = match UnixStream::connect(&address).map_err(|error| error.kind()) {
            Ok(_) => false,
            Err(ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Err(EngineError::NotRunning { address }),
            Err(ErrorKind::PermissionDenied) => true,
            Err(kind) => return Err(EngineError::Failed { message: format!("{address}: {kind}") }),
        };
        let needs_root = needs_root || env.privilege == Privilege::Saved;
        if needs_root && env.privilege == Privilege::Ordinary && !is_installed(env, "sudo") {
            return Err(EngineError::NotFound { tool: "sudo" });
        }
        Ok(Self { ctr: Ctr { address, needs_root }, runner: runner.clone() })
    }

    /// The engine of a recorded run: the same socket, whatever the environment says now.
    pub fn recorded(ctr: Ctr, runner: &Runner) -> Self {
        Self { ctr, runner: runner.clone() }
    }

    /// Whether it does so without sudo.
    pub fn lets_us_in(&self) -> bool {
        !self.ctr.needs_root || self.runner.is_root()
    }

    pub fn runner(&self) -> &Runner {
        &self.runner
    }

    fn ask(&self, what: &'static str, id: &str, cmd: &Cmd) -> Result<Captured, EngineError> {
        let captured = self.runner.capture(cmd)?;
        if captured.success() {
            return Ok(captured);
        }
        Err(self.refusal(what, id, &captured.stderr))
    }

    /// Why containerd did not do it: perhaps it is not there any more.
    fn refusal(&self, what: &'static str, id: &str, stderr: &str) -> EngineError {
        match is_gone(stderr) {
            true => EngineError::NotRunning { address: self.ctr.address.clone() },
            false => EngineError::Refused { what, id: id.to_owned(), message: meaning(stderr) },
        }
    }

    /// Like `ask`, where "it is not there" is as good as done.
    fn ask_gone(&self, what: &'static str, id: &str, cmd: &Cmd) -> Result<Captured, EngineError> {
        let captured = self.runner.capture(cmd)?;
        if captured.success() || is_not_found(&captured.stderr) {
            return Ok(captured);
        }
        Err(self.refusal(what, id, &captured.stderr))
    }

    pub fn require_image(&self, reference: &str) -> Result<(), EngineError> {
        self.ask_for_image(reference)?.required()
    }

    /// The processes of all containers in the namespace.
    pub fn tasks(&self) -> Result<Vec<EngineTask>, EngineError> {
        Ok(parse_tasks(&self.ask("list", "processes", &self.ctr.tasks())?.text()))
    }

    pub fn task(&self, id: &str) -> Result<Option<EngineTask>, EngineError> {
        Ok(self.tasks()?.into_iter().find(|task| task.id == id))
    }

    pub fn has_container(&self, id: &str) -> Result<bool, EngineError> {
        self.ask_for_container(id)?.found()
    }

    /// Whether the container of that name is the one of this run, and no other's.
    pub fn has_own(&self, id: &str, session: &str) -> Result<bool, EngineError> {
        Ok(self.ask("look for", id, &self.ctr.own_container(id, session))?.text() == id)
    }

    pub fn signal(&self, id: &str, signal: &str) -> Result<(), EngineError> {
        self.ask_gone("signal", id, &self.ctr.kill(id, signal, false)).map(drop)
    }

    pub fn pause(&self, id: &str) -> Result<(), EngineError> {
        self.ask("pause", id, &self.ctr.pause(id)).map(drop)
    }

    pub fn resume(&self, id: &str) -> Result<(), EngineError> {
        self.ask_gone("resume", id, &self.ctr.resume(id)).map(drop)
    }

    /// TERM, a grace, KILL; returns once no process is left. One that is paused goes on, to its end.
    pub fn terminate(&self, id: &str, grace: Duration) -> Result<(), EngineError> {
        self.signal(id, "SIGTERM")?;
        let mut process = None;
        if self.ends_within(id, grace, &mut process)? {
            return Ok(());
        }
        self.ask_gone("kill", id, &self.ctr.kill(id, "SIGKILL", true))?;
        if ends_until(process.as_ref(), Instant::now() + LOOK_AGAIN)
            || self.ends_within(id, Duration::from_secs(10), &mut process)?
        {
            return Ok(());
        }
        Err(EngineError::Refused { what: "kill", id: id.to_owned(), message: "it does not end".to_owned() })
    }

    /// `process` gets the container's first one: the kernel says at once when it has ended, and takes no `ctr` to ask.
    fn ends_within(&self, id: &str, grace: Duration, process: &mut Option<Watched>) -> Result<bool, EngineError> {
        let deadline = Instant::now() + grace;
        loop {
            let Some(task) = self.task(id)?.filter(|task| task.status.is_alive()) else { return Ok(true) };
            // No signal reaches it, and with version 1 of control groups not even KILL.
            if task.status == EngineStatus::Paused {
                self.resume(id)?;
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            *process = Watched::find(task.pid, id).ok().flatten();
            if ends_until(process.as_ref(), deadline.min(Instant::now() + LOOK_AGAIN)) {
                return Ok(true);
            }
            if process.is_none() {
                progress::sleep(POLL);
            }
        }
    }

    /// Removes the container of a process that has ended.
    pub fn remove(&self, id: &str) -> Result<(), EngineError> {
        self.begin_removal(id)?.finish()
    }

    /// Removes what is left of the container's process, and returns the exit code where containerd knows it.
    pub fn remove_process(&self, id: &str) -> Result<Option<u8>, EngineError> {
        through_a_restart(|| self.remove_task(id))
    }

    fn remove_task(&self, id: &str) -> Result<Option<u8>, EngineError> {
        let removed = self.ask_gone("remove the process of", id, &self.ctr.remove_task(id))?;
        let known = removed.success() && !is_not_found(&removed.stderr);
        Ok(known.then(|| parse_exit_code(&removed.stderr).unwrap_or(0)))
    }
}

/// Whether a process ends by then, where it can be watched; else it is not waited for.
fn ends_until(process: Option<&Watched>, end: Instant) -> bool {
    let Some(process) = process else { return false };
    loop {
        match process.ends_within(POLL.min(end.saturating_duration_since(Instant::now()))) {
            Ok(false) if Instant::now() < end => drop(progress::tick()),
            ended => return ended.unwrap_or(false),
        }
    }
}

/// Takes the last step of a run, again if containerd went away before it answered, as it does while it is updated.
/// `ctr` itself waits until containerd listens once more.
fn through_a_restart<T>(step: impl Fn() -> Result<T, EngineError>) -> Result<T, EngineError> {
    match step() {
        Err(EngineError::NotRunning { .. }) => step(),
        answer => answer,
    }
}

/// Where containerd listens: `CONTAINERD_ADDRESS`, or its own default.
pub fn address(env: &Env) -> String {
    let address = env.containerd_address.as_deref().unwrap_or(DEFAULT_ADDRESS);
    address.trim_start_matches("unix://").to_owned()
}

/// A program on PATH, or where distributions keep an administrator's programs.
pub fn program(env: &Env, name: &str) -> Option<PathBuf> {
    let mut path = env.path.clone();
    path.push(":/usr/local/sbin:/usr/sbin:/sbin");
    which::which_in(name, Some(path.as_os_str() as &OsStr), &env.directory).ok()
}

pub fn is_installed(env: &Env, name: &str) -> bool {
    program(env, name).is_some()
}

fn is_not_found(stderr: &str) -> bool {
    last_line(stderr).contains("not found") || stderr.contains("process already finished")
}

/// Whether `ctr run` found no image, and made nothing.
fn has_no_image(stderr: &str) -> bool {
    last_line(stderr).starts_with("ctr: image \"") && is_not_found(stderr)
}

/// Whether `ctr run` found something of that name, and left it as it is.
fn is_taken(stderr: &str) -> bool {
    last_line(stderr).ends_with(": already exists")
}

/// Whether nobody was there to hear what `ctr` asked, or went before it was answered.
fn is_gone(stderr: &str) -> bool {
    let unheard = stderr.contains("dial ") || stderr.contains("failed to dial");
    let signs = ["connection refused", "no such file", "deadline exceeded"];
    let cut_off = stderr.contains("code = Unavailable") || last_line(stderr).ends_with(": unavailable");
    cut_off || unheard && signs.iter().any(|sign| stderr.contains(sign))
}

/// What `ctr` meant: its last line, without its own name and Go's way of chaining.
fn meaning(stderr: &str) -> String {
    let line = last_line(stderr).trim_start_matches("ctr: ");
    let line = line.trim_end_matches(": unknown").trim_end_matches(": not found");
    match line {
        _ if line.contains("no space left on device") => format!("the disk is full ({line})"),
        _ if line.contains("executable file not found") || line.contains("no such file or directory") => {
            format!("a file is missing ({line})")
        }
        _ => line.to_owned(),
    }
}

fn from_stderr(address: &str, stderr: &str) -> EngineError {
    let gone = ["connection refused", "no such file", "deadline exceeded"];
    if gone.iter().any(|sign| stderr.contains(sign)) {
        EngineError::NotRunning { address: address.to_owned() }
    } else {
        EngineError::Failed { message: meaning(stderr) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctr_is_quoted_by_its_meaning() {
        assert_eq!(meaning("ctr: container \"x\": not found\n"), "container \"x\"");
        assert!(meaning("ctr: write /x: no space left on device: unknown").starts_with("the disk is full"));
        assert!(
            has_no_image("ctr: image \"localhost/a:b\": not found\n") && !has_no_image("ctr: snapshot x: not found")
        );
        assert!(is_taken("ctr: snapshot \"x\": already exists\n") && !is_taken("ctr: image \"x\": not found\n"));
        assert!(is_not_found("ctr: no running task found: task x not found: not found"));
        assert!(matches!(from_stderr("/s", "dial: connection refused"), EngineError::NotRunning { .. }));
        assert!(matches!(from_stderr("/s", "odd"), EngineError::Failed { .. }));
        assert!(is_gone("ctr: transport is closing: unavailable\n") && !is_gone("ctr: busy: unknown\n"));
    }

    #[test]
    fn the_hint_names_the_tag() {
        assert_eq!(ways_to_get("localhost/binnacle-self:v1"), ["build it: bn container build --tag v1"]);
        assert_eq!(
            ways_to_get("registry.example/team/mine:1"),
            [
                "fetch it: buildah pull registry.example/team/mine:1",
                "where its registry asks who you are, first: buildah login registry.example",
                "docker has it: buildah pull docker-daemon:registry.example/team/mine:1",
                "build it: bn container build --tag registry.example/team/mine:1",
            ]
        );
    }
}
