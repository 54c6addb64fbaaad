//! The only place that starts programs. Every way of running is named by what happens to the streams.
#![allow(clippy::disallowed_methods)]

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use crate::env::{Env, Privilege, TOKENS};
use crate::process::captured::{collect, pass_on};
use crate::process::error::{failed, last_line, start_error};
use crate::process::rehearsal::{Rehearsal, assumed, success};
use crate::process::sudo::Refusal;
use crate::process::{Bounds, Captured, Cmd, ProcessError, Watched};

/// How much is kept of what a watched program said: its last line may hold a whole environment. Bytes.
const WATCHED_KEPT: usize = 16 << 10;

/// How a command that needs root gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elevation {
    /// This process is root.
    Already,
    /// Root waits in the saved ids (`sudo bn`).
    Saved,
    /// `sudo -n`: never asks. The one question is asked by `authenticate`.
    Sudo,
}

/// Starts programs. Every way of running is named by what happens to the streams.
#[derive(Clone, Debug)]
pub struct Runner {
    elevation: Elevation,
    /// Replaces what sudo left of the user's own environment.
    home: Option<(PathBuf, String)>,
    /// Variables that no program inherits.
    withheld: Vec<OsString>,
    /// Where programs are looked for, by their children too.
    path: Option<OsString>,
    /// What else decides what they load; an empty value stands for none.
    libraries: Vec<(OsString, OsString)>,
    /// Each program is named on standard error as it starts, with the time since then.
    trace: Option<Instant>,
    rehearsal: Option<Arc<Rehearsal>>,
}

impl Runner {
    pub fn new(env: &Env) -> Self {
        let elevation = match env.privilege {
            Privilege::Root => Elevation::Already,
            Privilege::Saved => Elevation::Saved,
            Privilege::Ordinary => Elevation::Sudo,
        };
        let home = (env.privilege == Privilege::Saved)
            .then(|| env.user.home.clone().map(|home| (home, env.user.name.clone())))
            .flatten();
        let withheld = TOKENS.iter().map(OsString::from).collect();
        Self {
            elevation,
            home,
            withheld,
            path: Some(env.path.clone()),
            libraries: env.libraries.clone(),
            trace: env.trace,
            rehearsal: None,
        }
    }

    /// Keeps these variables, too, from every program that is started: they are for the agent alone.
    pub fn withholding(mut self, names: impl IntoIterator<Item: Into<OsString>>) -> Self {
        self.withheld.extend(names.into_iter().map(Into::into));
        self
    }

    /// A runner that needs nothing of the environment.
    #[cfg(test)]
    pub fn ordinary() -> Self {
        Self {
            elevation: Elevation::Sudo,
            home: None,
            withheld: Vec::new(),
            path: None,
            libraries: Vec::new(),
            trace: None,
            rehearsal: None,
        }
    }

    /// A runner that starts only what reads, and notes what it would start. Each pair of folders is one of the rehearsal, and
    /// the one that it stands for.
    pub fn rehearsing(mut self, moved: Vec<(PathBuf, PathBuf)>) -> Self {
        self.rehearsal = Some(Arc::new(Rehearsal::new(moved)));
        self
    }

    pub fn rehearses(&self) -> bool {
        self.rehearsal.is_some()
    }

    /// The commands of a rehearsal since the last look, as they would be started. One that names an id which does not exist yet is
    /// not among them.
    pub fn rehearsed(&self) -> Vec<String> {
        self.rehearsal.as_ref().map(|rehearsal| rehearsal.take()).unwrap_or_default()
    }

    pub fn traces(&self) -> bool {
        self.trace.is_some()
    }

    /// Whether a command that needs root goes through sudo.
    pub fn uses_sudo(&self) -> bool {
        self.elevation == Elevation::Sudo
    }

    /// The command as it will really be started, for `--dry-run`.
    pub fn shown(&self, cmd: &Cmd) -> String {
        self.effective(cmd).to_string()
    }

    fn effective(&self, cmd: &Cmd) -> Cmd {
        if !(cmd.as_root && self.uses_sudo()) {
            return cmd.clone();
        }
        let assignments = cmd.env.iter().map(|(key, value)| {
            let mut word = key.clone();
            word.push("=");
            word.push(value);
            word
        });
        let mut sudo = Cmd::new("sudo").arg("-n").args(assignments).arg("--").arg(&cmd.program).args(&cmd.args);
        sudo.directory.clone_from(&cmd.directory);
        sudo
    }

    fn command(&self, cmd: &Cmd) -> Command {
        let effective = self.effective(cmd);
        let mut command = Command::new(&effective.program);
        command.args(&effective.args);
        if let Some(directory) = &effective.directory {
            command.current_dir(directory);
        }
        if cmd.own_group {
            command.process_group(0);
        }
        match &self.home {
            Some(_) if cmd.as_root => drop(command.gid(0).uid(0)),
            Some((home, name)) => drop(command.env("HOME", home).env("USER", name).env("LOGNAME", name)),
            None => {}
        }
        if let Some(prefix) = effective.without {
            for name in crate::env::inherited(prefix) {
                command.env_remove(name);
            }
        }
        // git, ctr, buildah and sudo need no token of the agent's, and their environment is for others to read.
        for name in &self.withheld {
            command.env_remove(name);
        }
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        for (name, folders) in &self.libraries {
            match folders.is_empty() {
                true => command.env_remove(name),
                false => command.env(name, folders),
            };
        }
        command.envs(effective.env.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Notes a command in a rehearsal, and answers for it where it is not to be started.
    fn rehearse(&self, cmd: &Cmd) -> Option<Captured> {
        let rehearsal = self.rehearsal.as_ref()?;
        if cmd.is_known() {
            rehearsal.note(self.shown(&rehearsal.real(cmd)));
        }
        assumed(cmd)
    }

    fn start(&self, cmd: &Cmd, prepare: impl FnOnce(&mut Command)) -> Result<Child, ProcessError> {
        let mut command = self.command(cmd);
        prepare(&mut command);
        if let Some(bounds) = cmd.bounds {
            // SAFETY: the closure makes a few system calls and touches no memory of the parent.
            #[allow(unsafe_code)]
            unsafe {
                command.pre_exec(move || keep_within(bounds));
            }
        }
        self.tell(cmd);
        command.spawn().map_err(|source| start_error(&command, source))
    }

    /// A lost terminal is no reason not to start it.
    fn tell(&self, cmd: &Cmd) {
        if let Some(since) = self.trace {
            let line = format!("{}  # {:.3} s\n", self.shown(cmd), since.elapsed().as_secs_f64());
            drop(io::stderr().lock().write_all(line.as_bytes()));
        }
    }

    /// Runs to the end with nothing on standard input and both outputs kept; a failure is the caller's to judge.
    pub fn capture(&self, cmd: &Cmd) -> Result<Captured, ProcessError> {
        self.capture_with_input(cmd, &[])
    }

    /// Like `capture`, with bytes for standard input.
    pub fn capture_with_input(&self, cmd: &Cmd, input: &[u8]) -> Result<Captured, ProcessError> {
        if let Some(answer) = self.rehearse(cmd) {
            return Ok(answer);
        }
        let mut child = self.start(cmd, |command| {
            let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
            command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        })?;
        let captured =
            collect(&mut child, input).map_err(|source| ProcessError::Stream { program: cmd.name(), source })?;
        self.sudo_refusal(cmd, &captured).map_or(Ok(captured), Err)
    }

    /// Like `capture_with_input`, for work on what others wrote: the program and its children die when the time is over.
    pub fn capture_within(&self, cmd: &Cmd, input: &[u8], limit: Duration) -> Result<Captured, ProcessError> {
        if let Some(answer) = self.rehearse(cmd) {
            return Ok(answer);
        }
        let mut child = self.start(cmd, |command| {
            let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
            command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        })?;
        let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let (done, waiting) = std::sync::mpsc::channel::<()>();
        let (captured, late) = std::thread::scope(|scope| {
            let watch = scope.spawn(move || {
                let late = waiting.recv_timeout(limit) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
                if let (true, Some(group)) = (late, group) {
                    // Nothing to kill is what was wanted.
                    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
                }
                late
            });
            let captured = collect(&mut child, input);
            drop(done);
            (captured, watch.join().unwrap_or(true))
        });
        if late {
            return Err(ProcessError::Slow { program: cmd.name(), line: cmd.to_string(), seconds: limit.as_secs() });
        }
        captured.map_err(|source| ProcessError::Stream { program: cmd.name(), source })
    }

    /// Like `capture`, where anything but exit code 0 is an error.
    pub fn read(&self, cmd: &Cmd) -> Result<Captured, ProcessError> {
        let captured = self.capture(cmd)?;
        if captured.success() { Ok(captured) } else { Err(failed(cmd, captured.status, captured.stderr)) }
    }

    /// Runs one command into another, and keeps what both had to say. The first one's standard output is the pipe.
    pub fn pipe(&self, from: &Cmd, to: &Cmd) -> Result<(Captured, Captured), ProcessError> {
        if let Some(rehearsal) = &self.rehearsal {
            let shown = |cmd| self.shown(&rehearsal.real(cmd));
            rehearsal.note(format!("{} | {}", shown(from), shown(to)));
            return Ok((success(""), success("")));
        }
        let mut source = self.start(from, |command| {
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        })?;
        let between = source.stdout.take().map_or_else(Stdio::null, Stdio::from);
        let sink = self.start(to, |command| {
            command.stdin(between).stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        let lost = |cmd: &Cmd| {
            let program = cmd.name();
            move |source| ProcessError::Stream { program, source }
        };
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| collect(&mut source, &[]).map_err(lost(from)));
            let second = sink.and_then(|mut sink| collect(&mut sink, &[]).map_err(lost(to)));
            let first = reader.join().map_err(|_| lost(from)(io::Error::other("a reader thread died")))?;
            let (first, second) = (first?, second?);
            self.sudo_refusal(to, &second).map_or(Ok((first, second)), Err)
        })
    }

    /// Runs where the user can watch, with nothing on standard input, and keeps the last of what it said. Its output is no
    /// result of `bn`: it goes to standard error, in the order in which it was written.
    pub fn watched(&self, cmd: &Cmd) -> Result<Watched, ProcessError> {
        if let Some(Captured { status, .. }) = self.rehearse(cmd) {
            return Ok(Watched { status, said: String::new() });
        }
        let lost = |source| ProcessError::Stream { program: cmd.name(), source };
        let (output, errors) =
            io::pipe().and_then(|(read, write)| Ok((read, [write.try_clone()?, write]))).map_err(lost)?;
        let [first, second] = errors;
        let mut child = self.start(cmd, |command| {
            command.stdin(Stdio::null()).stdout(first).stderr(second);
        })?;
        let said = pass_on(output, io::stderr(), WATCHED_KEPT).map_err(lost)?;
        Ok(Watched { status: child.wait().map_err(lost)?, said })
    }

    /// Runs in the user's terminal, all three streams passed on.
    pub fn foreground(&self, cmd: &Cmd) -> Result<ExitStatus, ProcessError> {
        if let Some(answer) = self.rehearse(cmd) {
            return Ok(answer.status);
        }
        let mut child = self.start(cmd, |_| {})?;
        child.wait().map_err(|source| ProcessError::Stream { program: cmd.name(), source })
    }

    /// Starts in the user's terminal and returns the child, which is told when this process dies.
    ///
    /// Without that, a `ctr` whose `bn` was killed would go on reading the keys that are meant for the shell.
    /// Behind sudo it has no effect, and there is no need for it: sudo gives the terminal back. A rehearsal has no child.
    pub fn spawn_foreground(&self, cmd: &Cmd) -> Result<Option<Child>, ProcessError> {
        if self.rehearse(cmd).is_some() {
            return Ok(None);
        }
        let child = self.start(cmd, |command| {
            let told = || Ok(rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?);
            // SAFETY: the closure makes one system call and touches no memory of the parent.
            #[allow(unsafe_code)]
            unsafe {
                command.pre_exec(told);
            }
        })?;
        Ok(Some(child))
    }

    /// This process becomes another program, with the same environment and streams. Returns only where it could not.
    pub fn replace_this(&self, cmd: &Cmd) -> ProcessError {
        self.tell(cmd);
        let mut command = Command::new(&cmd.program);
        let source = command.args(&cmd.args).exec();
        start_error(&command, source)
    }

    /// Starts in a session of its own, out of the terminal's reach, with these streams. A rehearsal has no child.
    pub fn spawn_apart(
        &self,
        cmd: &Cmd,
        stdin: Stdio,
        stdout: Stdio,
        stderr: Stdio,
    ) -> Result<Option<Child>, ProcessError> {
        if self.rehearse(cmd).is_some() {
            return Ok(None);
        }
        let child = self.start(cmd, |command| {
            let alone = || rustix::process::setsid().map(drop).map_err(io::Error::from);
            // SAFETY: the closure makes one system call and touches no memory of the parent.
            #[allow(unsafe_code)]
            unsafe {
                command.pre_exec(alone);
            }
            command.stdin(stdin).stdout(stdout).stderr(stderr);
        })?;
        Ok(Some(child))
    }

    /// Asks sudo's one question in the terminal, if it has one to ask. `probe` is a harmless command that needs root.
    pub fn authenticate(&self, probe: &Cmd, terminal: bool) -> Result<(), ProcessError> {
        if !self.uses_sudo() {
            return Ok(());
        }
        match self.capture(probe) {
            Err(refusal @ ProcessError::Sudo { .. }) if !terminal => Err(refusal),
            Err(ProcessError::Sudo { .. }) => {
                let status = self.foreground(&Cmd::new("sudo").arg("-v"))?;
                if !status.success() {
                    return Err(ProcessError::Sudo {
                        program: probe.name(),
                        refusal: Refusal::Password,
                        stderr: status.to_string(),
                    });
                }
                self.capture(probe).map(drop)
            }
            other => other.map(drop),
        }
    }

    /// sudo says no with exit code 1 and a line of its own, before the program ran.
    fn sudo_refusal(&self, cmd: &Cmd, captured: &Captured) -> Option<ProcessError> {
        let asked = cmd.as_root && self.uses_sudo() && captured.status.code() == Some(1);
        let refusal = Refusal::of(last_line(&captured.stderr)).filter(|_| asked)?;
        Some(ProcessError::Sudo { program: cmd.name(), refusal, stderr: captured.stderr.clone() })
    }
}

/// A limit that is there already and lower stays.
fn keep_within(bounds: Bounds) -> io::Result<()> {
    for (resource, most) in [(Resource::Data, bounds.memory), (Resource::Cpu, bounds.processor)] {
        let now = getrlimit(resource);
        let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
        setrlimit(resource, Rlimit { current: lower(now.current), maximum: lower(now.maximum) })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_with_a_prefix_are_kept_from_a_program_and_what_is_set_for_it_is_not() {
        // Every test has some from cargo.
        let seen = |cmd: Cmd| Runner::ordinary().read(&cmd).unwrap().text();
        let is_cargos = |line: &str| line.starts_with("CARGO_");
        assert!(seen(Cmd::new("env")).lines().any(is_cargos));
        let kept = seen(Cmd::new("env").without_env("CARGO_").env("CARGO_OWN", "1"));
        assert_eq!(kept.lines().filter(|line| is_cargos(line)).collect::<Vec<_>>(), ["CARGO_OWN=1"]);
    }

    #[test]
    fn what_a_watched_program_said_last_is_kept_from_both_streams_in_order() {
        let cmd = Cmd::new("sh").args(["-c", "echo one; echo two >&2; echo three; exit 3"]);
        let watched = Runner::ordinary().watched(&cmd).unwrap();
        assert_eq!((watched.said.as_str(), watched.status.code()), ("one\ntwo\nthree\n", Some(3)));
        let long = Runner::ordinary().watched(&Cmd::new("sh").args(["-c", "yes | head -c 100000; echo end"])).unwrap();
        assert!(long.said.len() == WATCHED_KEPT && long.said.ends_with("y\nend\n"));
    }

    #[test]
    fn a_program_that_takes_too_long_dies_with_its_children() {
        let cmd = Cmd::new("sh").args(["-c", "sleep 60 & sleep 60"]);
        let start = std::time::Instant::now();
        let error = Runner::ordinary().capture_within(&cmd, b"", Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, ProcessError::Slow { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_program_that_wants_too_much_is_ended() {
        let bounded = |script: &str| {
            let cmd = Cmd::new("perl").args(["-e", script]).bounded(Bounds { memory: 64 << 20, processor: 1 });
            Runner::ordinary().capture(&cmd).unwrap()
        };
        assert!(bounded("$x = 'x' x (8 << 20)").success());
        assert!(!bounded("$x = 'x' x (256 << 20)").success());
        assert!(!bounded("1 while 1").success());
    }

    #[test]
    fn a_folder_that_is_gone_is_not_mistaken_for_a_missing_program() {
        let error = Runner::ordinary().capture(&Cmd::new("true").directory("/nonexistent")).unwrap_err();
        assert!(matches!(error, ProcessError::Start { .. }), "{error}");
    }
}
