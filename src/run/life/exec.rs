//! One more program in a container that runs: as the agent's user, and inside every wall that the agent is in.
//!
//! It starts without the capabilities that the entrypoint has for a moment, since whatever it starts from could be the
//! agent's by now, and waits at a gate of its own until the host has looked at it.

use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::container::LABEL_SESSION;
use crate::container::exec::{Program, process, runc_exec};
use crate::container::from_host;
use crate::container::wall::expected::ExpectedProcess;
use crate::error::Failure;
use crate::output::Output;
use crate::process::exit_code;
use crate::run::engine::process::Watched;
use crate::run::engine::{Engine, EngineError};
use crate::run::life::start::ask_root;
use crate::run::record::census::Seen;
use crate::run::record::run_json::RunSpec;
use crate::run::record::{RunError, store};
use crate::run::watch::status::{self, Gate};
use crate::run::watch::terminal::Terminal;
use crate::run::watch::wall::{self, WallError};

/// How long the program may take to get to its gate.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);
/// What is trusted to wait, and to shut itself in as the agent is shut in.
const RESTRICT: [&str; 4] = ["/usr/local/bin/bn", "container", "restrict", "--gate"];

/// What is to run.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// It gets the user's terminal.
    pub terminal: bool,
    /// Variables of that terminal.
    pub env: Vec<(String, String)>,
}

/// Runs it until it ends, and returns its exit code.
pub fn exec(seen: &Seen, wish: &Wish, engine: &Engine, output: Output) -> Result<u8, Failure> {
    let spec = &seen.record.spec;
    let pid = running(seen)?;
    let word = format!("exec-{}", std::process::id());
    let gate = Gate::make(&seen.folder, &word).map_err(writing(seen.folder.control()))?;
    let file = Removed(spec.runtime.join(format!("{word}.json")));
    let described = described(seen, wish, &gate, engine)?;
    let text = serde_json::to_vec(&described).map_err(|error| RunError::io("write", &file.0, error.into()))?;
    store::create_file(&file.0, &text, 0o600).map_err(writing(file.0.clone()))?;
    let terminal = wish.terminal.then(Terminal::save);
    let child = engine.runner().spawn_foreground(&runc_exec(&spec.name, &file.0)).map_err(EngineError::from)?;
    let Some(mut child) = child else { return Ok(0) };
    let is_ready = || terminal.as_ref().is_none_or(Terminal::show_as_written);
    let looked_at = let_in((&gate, is_ready), &mut child, pid, spec, engine);
    // Where it is not let go its gate closes, and it ends.
    drop(gate);
    let ended = child.wait();
    if let Some(terminal) = terminal {
        terminal.take_back(output);
    }
    looked_at?;
    Ok(exit_code(ended.map_err(|source| RunError::io("wait for", &file.0, source))?))
}

/// The container's first process.
fn running(seen: &Seen) -> Result<u32, RunError> {
    let name = seen.record.name();
    let pid = seen.record.pid.filter(|_| seen.record.state.is_open());
    let found = pid.map(|pid| Watched::find(pid, name)).transpose();
    let found = found.map_err(|source| RunError::io("watch", seen.folder.path(), source))?.flatten();
    match (pid, found) {
        (Some(pid), Some(_)) if wall::is_paused(pid).unwrap_or(false) => {
            Err(RunError::Paused { name: name.to_owned() })
        }
        (Some(pid), Some(_)) => Ok(pid),
        _ => Err(RunError::NotRunning { name: name.to_owned() }),
    }
}

fn described(seen: &Seen, wish: &Wish, gate: &Gate, engine: &Engine) -> Result<Value, Failure> {
    let spec = &seen.record.spec;
    let info = engine.runner().read(&spec.ctr.container_info(&spec.name)).map_err(EngineError::from)?;
    let container: Value = serde_json::from_slice(&info.stdout).unwrap_or_default();
    // Another containerd of this machine may have a container of that name.
    if container["Labels"][LABEL_SESSION] != spec.session {
        return Err(RunError::NotRunning { name: spec.name.clone() }.into());
    }
    let gate = gate.inside().display().to_string();
    let before = RESTRICT.map(str::to_owned).into_iter().chain([gate, "--".to_owned()]);
    let args: Vec<String> = before.chain(wish.command.iter().cloned()).collect();
    let program = Program { args: &args, uid: spec.uid, gid: spec.gid, terminal: wish.terminal, env: &wish.env };
    let missing = || EngineError::Refused {
        what: "describe",
        id: spec.name.clone(),
        message: "its description names no process".to_owned(),
    };
    Ok(process(&container, &program).ok_or_else(missing)?)
}

/// Waits for the program at its gate, and for the terminal, limits it, looks at the processes of the container, and lets it go. One
/// that ended before has said why.
fn let_in(
    (gate, is_ready): (&Gate, impl Fn() -> bool),
    child: &mut Child,
    pid: u32,
    spec: &RunSpec,
    engine: &Engine,
) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    let watching = |source| RunError::io("watch the program of", &spec.runtime, source);
    while child.try_wait().map_err(watching)?.is_none() {
        if is_ready()
            && let Some(mut way) = gate.waiting().map_err(watching)?
        {
            limit(pid, spec, engine)?;
            let expected = ExpectedProcess { uid: spec.uid, gid: spec.gid, seccomp: true, file_size: spec.limits.disk };
            wall::check_processes(pid, &expected)?;
            status::open(&mut way).map_err(watching)?;
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(RunError::NotReady { seconds: PATIENCE.as_secs() }.into());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// Gives processes that are new in the container the limits that the others have.
fn limit(first: u32, spec: &RunSpec, engine: &Engine) -> Result<(), WallError> {
    let pids = wall::pids(first)?;
    let most = wall::process(first)?.open_files;
    let mut lower = Vec::new();
    for pid in &pids {
        // One that has ended needs no limit.
        if wall::process(*pid).is_ok_and(|process| process.open_files < most) {
            lower.push(*pid);
        }
    }
    // Where root may not do it either, the look at the processes tells, or the program has fewer files open.
    ask_root(from_host::refuse_dumps(&wall::lower_limits(&pids, &spec.limits)?), engine);
    ask_root(from_host::raise_open_files(&wall::raise_open_files(&lower, &spec.limits)?, &spec.limits), engine);
    Ok(())
}

fn writing(path: PathBuf) -> impl FnOnce(std::io::Error) -> RunError {
    move |source| RunError::io("write", &path, source)
}

/// A file that goes with this value; the run's end removes what is left of it.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}
