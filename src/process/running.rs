//! The ways to run a program, each named by what happens to its streams.
#![allow(clippy::disallowed_methods)]

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;

use rustix::process::Signal;

use crate::output::progress;
use crate::process::captured::{Patient, collect, pass_on};
use crate::process::error::{failed, last_line, start_error, starved};
use crate::process::rehearsal::success;
use crate::process::sudo::Refusal;
use crate::process::{Captured, Cmd, ProcessError, Runner, Watched};

/// How much is kept of what a watched program said: its last line may hold a whole environment. Bytes.
const WATCHED_KEPT: usize = 16 << 10;

/// A program that runs while other things are done.
#[must_use]
#[derive(Debug)]
pub struct Begun {
    runner: Runner,
    cmd: Cmd,
    state: State,
}

#[derive(Debug)]
enum State {
    Runs(Child),
    Rehearsed(Captured),
}

impl Begun {
    /// Whether it has, or can no more be waited for.
    #[cfg(test)]
    pub fn has_ended(&mut self) -> bool {
        match &mut self.state {
            State::Runs(child) => !matches!(child.try_wait(), Ok(None)),
            State::Rehearsed(_) => true,
        }
    }

    /// Like `captured`, where anything but exit code 0 is an error.
    pub fn read(self) -> Result<Captured, ProcessError> {
        let cmd = self.cmd.clone();
        succeeded(&cmd, self.captured()?)
    }

    /// Waits until it has ended.
    pub fn captured(self) -> Result<Captured, ProcessError> {
        let Self { runner, cmd, state } = self;
        match state {
            State::Runs(child) => runner.collected(&cmd, child, &[]),
            State::Rehearsed(answer) => Ok(answer),
        }
    }
}

fn succeeded(cmd: &Cmd, captured: Captured) -> Result<Captured, ProcessError> {
    if captured.success() { Ok(captured) } else { Err(failed(cmd, captured.status, captured.stderr)) }
}

/// The error for a program whose streams broke off.
pub(super) fn lost(cmd: &Cmd) -> impl Fn(io::Error) -> ProcessError {
    let program = cmd.name();
    move |source| ProcessError::Stream { program: program.clone(), source }
}

/// What two programs left behind, of which the first writes into the second.
pub(super) fn both(
    (from, source, input): (&Cmd, &mut Child, &[u8]),
    (to, sink): (&Cmd, Result<Child, ProcessError>),
) -> Result<(Captured, Captured), ProcessError> {
    thread::scope(|scope| {
        // Where no thread can be started it ends with its pipes.
        let reader = thread::Builder::new().spawn_scoped(scope, || collect(source, input).map_err(lost(from)));
        let reader = reader.map_err(lost(from))?;
        let second = sink.and_then(|mut sink| collect(&mut sink, &[]).map_err(lost(to)));
        let first = reader.join().map_err(|_| lost(from)(io::Error::other("a reader thread died")))?;
        Ok((first?, second?))
    })
}

impl Runner {
    /// Runs to the end with nothing on standard input and both outputs kept; a failure is the caller's to judge.
    pub fn capture(&self, cmd: &Cmd) -> Result<Captured, ProcessError> {
        self.begin(cmd)?.captured()
    }

    /// Starts what `capture` runs. It says little, for nobody reads it until it is asked what it left behind.
    pub fn begin(&self, cmd: &Cmd) -> Result<Begun, ProcessError> {
        let state = match self.rehearse(cmd) {
            Some(answer) => State::Rehearsed(answer),
            None => State::Runs(self.start(cmd, |command| {
                command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            })?),
        };
        Ok(Begun { runner: self.clone(), cmd: cmd.clone(), state })
    }

    /// Like `capture`, with bytes for standard input.
    pub fn capture_with_input(&self, cmd: &Cmd, input: &[u8]) -> Result<Captured, ProcessError> {
        if let Some(answer) = self.rehearse(cmd) {
            return Ok(answer);
        }
        let child = self.start(cmd, |command| {
            let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
            command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        })?;
        self.collected(cmd, child, input)
    }

    fn collected(&self, cmd: &Cmd, mut child: Child, input: &[u8]) -> Result<Captured, ProcessError> {
        let captured =
            collect(&mut child, input).map_err(|source| ProcessError::Stream { program: cmd.name(), source })?;
        self.sudo_refusal(cmd, &captured).or_else(|| starved(cmd, &captured)).map_or(Ok(captured), Err)
    }

    /// Like `capture`, where anything but exit code 0 is an error.
    pub fn read(&self, cmd: &Cmd) -> Result<Captured, ProcessError> {
        self.begin(cmd)?.read()
    }

    /// Runs one command into another, and keeps what both had to say. The first one's standard output is the pipe. `begun` gets its
    /// number.
    pub fn pipe(&self, from: &Cmd, to: &Cmd, begun: impl FnOnce(u32)) -> Result<(Captured, Captured), ProcessError> {
        if let Some(answers) = self.rehearse_pipe(from, to) {
            return Ok(answers);
        }
        let mut source = self.start(from, |command| {
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        })?;
        begun(source.id());
        let between = source.stdout.take().map_or_else(Stdio::null, Stdio::from);
        let sink = self.start(to, |command| {
            command.stdin(between).stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        let (first, second) = both((from, &mut source, &[]), (to, sink))?;
        self.sudo_refusal(to, &second).map_or(Ok((first, second)), Err)
    }

    /// Notes both in a rehearsal, which starts neither.
    pub(super) fn rehearse_pipe(&self, from: &Cmd, to: &Cmd) -> Option<(Captured, Captured)> {
        let rehearsal = self.rehearsal.as_ref()?;
        let shown = |cmd| self.shown(&rehearsal.real(cmd));
        rehearsal.note(format!("{} | {}", shown(from), shown(to)));
        Some((success(""), success("")))
    }

    /// Runs where the user can watch, with nothing on standard input, and keeps the last of what it said. Its output goes to `to`,
    /// in the order in which it was written.
    pub fn watched(&self, cmd: &Cmd, to: impl Write) -> Result<Watched, ProcessError> {
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
        let said = pass_on(Patient(output), to, WATCHED_KEPT).map_err(lost)?;
        Ok(Watched { status: child.wait().map_err(lost)?, said })
    }

    /// Runs in the user's terminal, all three streams passed on.
    pub fn foreground(&self, cmd: &Cmd) -> Result<ExitStatus, ProcessError> {
        if let Some(answer) = self.rehearse(cmd) {
            return Ok(answer.status);
        }
        let _line = progress::aside();
        let mut child = self.start(cmd, |_| {})?;
        child.wait().map_err(|source| ProcessError::Stream { program: cmd.name(), source })
    }

    /// Runs in the user's terminal, with what `feed` writes on standard input. A program that reads no further is no error.
    pub fn foreground_fed(
        &self,
        cmd: &Cmd,
        feed: impl FnOnce(ChildStdin) -> io::Result<()>,
    ) -> Result<ExitStatus, ProcessError> {
        if let Some(answer) = self.rehearse(cmd) {
            return Ok(answer.status);
        }
        let lost = |source| ProcessError::Stream { program: cmd.name(), source };
        let _line = progress::aside();
        let mut child = self.start(cmd, |command| {
            command.stdin(Stdio::piped());
        })?;
        match child.stdin.take().map_or(Ok(()), feed) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(lost(error)),
            _ => child.wait().map_err(lost),
        }
    }

    /// Starts in the user's terminal and returns the child, which is told when this process dies.
    ///
    /// Without that, a `ctr` whose `bn` was killed would go on reading the keys that are meant for the shell.
    /// Behind sudo it has no effect, and there is no need for it: sudo gives the terminal back. A rehearsal has no child.
    pub fn spawn_foreground(&self, cmd: &Cmd) -> Result<Option<Child>, ProcessError> {
        if self.rehearse(cmd).is_some() {
            return Ok(None);
        }
        let _line = progress::aside();
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

    /// This process becomes another program, with the same streams, and the same environment but for what the command says. Returns only where
    /// it could not.
    pub fn replace_this(&self, cmd: &Cmd) -> ProcessError {
        self.tell(cmd);
        let _line = progress::aside();
        let mut command = Command::new(&cmd.program);
        for name in cmd.without.iter().flat_map(|prefix| crate::env::inherited(prefix)) {
            command.env_remove(name);
        }
        let own = cmd.env.iter().map(|(key, value)| (key, value));
        let source = command.args(&cmd.args).envs(own).exec();
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

    /// Starts in a session of its own, to which this terminal belongs. A rehearsal has no child.
    pub fn spawn_in_terminal(&self, cmd: &Cmd, terminal: &OwnedFd) -> Result<Option<Child>, ProcessError> {
        if self.rehearse(cmd).is_some() {
            return Ok(None);
        }
        let stream = || terminal.try_clone().map(Stdio::from);
        let streams = [stream(), stream(), stream()].into_iter().collect::<io::Result<Vec<_>>>();
        let streams = streams.map_err(|source| ProcessError::Stream { program: cmd.name(), source })?;
        let child = self.start(cmd, |command| {
            let take_it = || {
                rustix::process::setsid()?;
                Ok(rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?)
            };
            // SAFETY: the closure makes two system calls and touches no memory of the parent.
            #[allow(unsafe_code)]
            unsafe {
                command.pre_exec(take_it);
            }
            for (set, stream) in [Command::stdin, Command::stdout, Command::stderr].into_iter().zip(streams) {
                set(command, stream);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Bounds;

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
        let watched = Runner::ordinary().watched(&cmd, io::sink()).unwrap();
        assert_eq!((watched.said.as_str(), watched.status.code()), ("one\ntwo\nthree\n", Some(3)));
        let long = Runner::ordinary()
            .watched(&Cmd::new("sh").args(["-c", "yes | head -c 100000; echo end"]), io::sink())
            .unwrap();
        assert!(long.said.len() == WATCHED_KEPT && long.said.ends_with("y\nend\n"));
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
