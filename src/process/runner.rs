//! The only place that starts programs: as whom, with which environment, and said aloud. `running.rs` has the ways to run them.
#![allow(clippy::disallowed_methods)]

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Instant;

use crate::env::{Env, Privilege, SCREEN, TOKENS};
use crate::output::progress;
use crate::process::error::start_error;
use crate::process::rehearsal::{Rehearsal, assumed};
use crate::process::{Captured, Cmd, ProcessError};

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
    pub(super) rehearsal: Option<Arc<Rehearsal>>,
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
        let withheld = TOKENS.iter().chain([&SCREEN]).map(OsString::from).collect();
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

    /// A runner for this program itself, which gets all that this process got.
    pub fn withholding_nothing(self) -> Self {
        Self { withheld: Vec::new(), ..self }
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

    /// Whether this process is root, and has no more to ask for.
    pub fn is_root(&self) -> bool {
        self.elevation == Elevation::Already
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
        for prefix in &effective.without {
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
        if self.rehearses() {
            // Git would write into an index what it has only looked at.
            command.env("GIT_OPTIONAL_LOCKS", "0");
        }
        command
    }

    /// Notes a command in a rehearsal, and answers for it where it is not to be started.
    pub(super) fn rehearse(&self, cmd: &Cmd) -> Option<Captured> {
        let rehearsal = self.rehearsal.as_ref()?;
        if cmd.is_known() {
            rehearsal.note(self.shown(&rehearsal.real(cmd)));
        }
        assumed(cmd)
    }

    pub(super) fn start(&self, cmd: &Cmd, prepare: impl FnOnce(&mut Command)) -> Result<Child, ProcessError> {
        let mut command = self.command(cmd);
        prepare(&mut command);
        if let Some(bounds) = cmd.bounds {
            // SAFETY: the closure makes a few system calls and touches no memory of the parent.
            #[allow(unsafe_code)]
            unsafe {
                command.pre_exec(move || bounds.apply());
            }
        }
        self.tell(cmd);
        command.spawn().map_err(|source| start_error(&command, source))
    }

    /// A lost terminal is no reason not to start it.
    pub(super) fn tell(&self, cmd: &Cmd) {
        if let Some(since) = self.trace {
            let line = format!("{}  # {:.3} s\n", self.shown(cmd), since.elapsed().as_secs_f64());
            let _line = progress::aside();
            drop(io::stderr().lock().write_all(line.as_bytes()));
        }
    }
}
