//! What has to be for a detached run's owner to go on after its user has logged out of systemd.
//!
//! Without lingering, the user's manager ends all of its units with the user's last session. A session goes on as long as a process is
//! left in it, unless `KillUserProcesses` says otherwise. So the owner of a user who lingers is a unit of the manager's; of one who
//! does not, it stays in the session, and where the session would not last the user is made to linger.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::env::{Env, control_group};
use crate::output::progress;
use crate::process::{Cmd, Runner};

/// How long the user's manager may take to make a unit.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// How the owner of a detached run is to be started, and what the user has to know about that.
pub struct Lasting {
    pub cmd: Cmd,
    pub note: Option<String>,
    /// The unit that it is in soon after its start, where it is not to stay in the session.
    pub unit: Option<String>,
}

impl Lasting {
    fn in_session(cmd: Cmd) -> Self {
        Self { cmd, note: None, unit: None }
    }

    /// Returns once the process that was started by `cmd` is in its unit: until then a logout takes it along.
    pub fn await_unit(&self, process: &mut Child) -> io::Result<()> {
        let Some(unit) = &self.unit else { return Ok(()) };
        let path = Path::new("/proc").join(process.id().to_string()).join("cgroup");
        let deadline = Instant::now() + PATIENCE;
        while !fs::read_to_string(&path).is_ok_and(|groups| groups.contains(unit)) {
            match process.try_wait()? {
                Some(end) if end.success() => return Ok(()),
                Some(end) => return Err(io::Error::other(format!("systemd-run ended ({end})"))),
                None if Instant::now() >= deadline => {
                    return Err(io::Error::other(format!("systemd has not made {unit}")));
                }
                None => progress::sleep(POLL),
            }
        }
        Ok(())
    }
}

/// Returns the owner's command as one that outlasts the session.
pub fn lasting(owner: Cmd, run: &str, env: &Env, runner: &Runner) -> Lasting {
    let user = &env.user.name;
    let Some(manager) = Manager::of(env, runner) else { return Lasting::in_session(owner) };
    let apart = |note| Lasting { cmd: manager.scope(&owner, run), note, unit: Some(unit(run)) };
    if manager.lingers(user, runner) {
        return apart(None);
    }
    if !manager.ends_what_a_user_runs(user, runner) {
        return Lasting::in_session(owner);
    }
    let told = |note| (!runner.rehearses()).then_some(note);
    match linger(user, runner) {
        true => apart(told(made_to_linger(user))),
        false => Lasting { note: told(ends_with_the_session(user)), ..Lasting::in_session(owner) },
    }
}

fn unit(run: &str) -> String {
    format!("binnacle-{run}.scope")
}

fn made_to_linger(user: &str) -> String {
    format!(
        "systemd ends what {user} runs when {user} logs out; bn has made {user} linger, so that the run goes on \
         (loginctl disable-linger {user} takes that back)"
    )
}

fn ends_with_the_session(user: &str) -> String {
    format!(
        "the run ends when {user} logs out, as systemd ends what {user} runs; this lets it go on from the next run on: \
         sudo loginctl enable-linger {user}"
    )
}

/// systemd's manager for the units of a user, and where under it this process is.
struct Manager {
    runtime: PathBuf,
    place: Place,
}

/// The kinds of places in systemd's tree that a logout can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Session,
    /// Such as a window of a desktop.
    Manager,
}

impl Place {
    /// Reads `/proc/self/cgroup`.
    fn of(control_group: &str) -> Option<Self> {
        let parts = || control_group.lines().flat_map(|line| line.split('/'));
        let has = |start, end| parts().any(|part| part.starts_with(start) && part.ends_with(end));
        match (has("user@", ".service"), has("session-", ".scope")) {
            (true, _) => Some(Self::Manager),
            (false, true) => Some(Self::Session),
            (false, false) => None,
        }
    }
}

impl Manager {
    /// `None` where there is none, or where no logout ends this process.
    fn of(env: &Env, runner: &Runner) -> Option<Self> {
        let place = Place::of(&control_group())?;
        let runtime = PathBuf::from(format!("/run/user/{}", env.user.uid));
        let manager = Self { runtime, place };
        let answers = env.runtime_dir.as_ref() == Some(&manager.runtime)
            && runner
                .read(&manager.cmd("systemctl").args(["--user", "show", "--property=Version"]).only_reads())
                .is_ok();
        answers.then_some(manager)
    }

    /// A command that finds the manager, under `sudo bn` too.
    fn cmd(&self, program: &str) -> Cmd {
        Cmd::new(program).env("XDG_RUNTIME_DIR", &self.runtime)
    }

    /// The command in a unit of its own, `binnacle-RUN.scope`.
    fn scope(&self, owner: &Cmd, run: &str) -> Cmd {
        let options = ["--user", "--scope", "--quiet", "--collect"];
        let cmd = self.cmd("systemd-run").args(options).arg(format!("--unit={}", unit(run)));
        cmd.arg(format!("--description=The run {run}")).arg("--").arg(owner.program()).args(owner.arguments())
    }

    fn lingers(&self, user: &str, runner: &Runner) -> bool {
        let question = self.cmd("loginctl").args(["show-user", user, "--property=Linger"]).only_reads();
        runner.read(&question).is_ok_and(|answer| answer.text().trim() == "Linger=yes")
    }

    fn ends_what_a_user_runs(&self, user: &str, runner: &Runner) -> bool {
        let properties =
            ["KillUserProcesses", "KillOnlyUsers", "KillExcludeUsers"].map(|name| format!("--property={name}"));
        let question = self.cmd("loginctl").arg("show-session").args(properties).only_reads();
        let ends = || runner.read(&question).is_ok_and(|answer| kills(&answer.text(), user));
        self.place == Place::Manager || ends()
    }
}

/// Lets the user's units go on without a session. Where polkit is, systemd lets every user ask for that.
fn linger(user: &str, runner: &Runner) -> bool {
    let cmd = Cmd::new("loginctl").args(["--no-ask-password", "enable-linger", user]);
    runner.read(&cmd).is_ok() || runner.read(&cmd.as_root()).is_ok()
}

/// Whether logind, by these settings of its own, ends what a user has left running in a session.
fn kills(settings: &str, user: &str) -> bool {
    let value =
        |name: &str| settings.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
    let names = |name| value(name).split_whitespace().collect::<Vec<_>>();
    let (only, excluded) = (names("KillOnlyUsers"), names("KillExcludeUsers"));
    match (excluded.as_slice(), only.as_slice()) {
        ([], _) if user == "root" => false,
        (excluded, _) if excluded.contains(&user) => false,
        (_, []) => value("KillUserProcesses") == "yes",
        (_, only) => only.contains(&user),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_by_its_control_group() {
        let user = "/user.slice/user-1000.slice";
        for (control_group, place) in [
            (format!("0::{user}/session-3.scope\n"), Some(Place::Session)),
            (format!("0::{user}/user@1000.service/app.slice/terminal.scope\n"), Some(Place::Manager)),
            (format!("12:pids:{user}/session-3.scope\n1:name=systemd:{user}/session-3.scope\n"), Some(Place::Session)),
            ("0::/system.slice/cron.service\n".to_owned(), None),
            ("0::/\n".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(Place::of(&control_group), place, "{control_group}");
        }
    }

    #[test]
    fn who_is_left_with_nothing_at_a_logout() {
        let settings = |kill: &str, only: &str, excluded: &str| {
            format!("KillOnlyUsers={only}\nKillExcludeUsers={excluded}\nKillUserProcesses={kill}\n")
        };
        for (settings, ended) in [
            (settings("no", "", ""), [false, false, false]),
            (settings("yes", "", ""), [true, true, false]),
            (settings("yes", "", "dev"), [false, true, true]),
            (settings("no", "dev root", ""), [true, false, false]),
            (settings("yes", "dev", "root"), [true, false, false]),
            (String::new(), [false, false, false]),
        ] {
            assert_eq!(["dev", "pass", "root"].map(|user| kills(&settings, user)), ended, "{settings}");
        }
    }

    #[test]
    fn the_unit_of_a_run() {
        let manager = Manager { runtime: "/run/user/1000".into(), place: Place::Session };
        let owner = Cmd::new("/usr/bin/bn").args(["container", "supervise", "/state/a b"]);
        assert_eq!(
            manager.scope(&owner, "job").to_string(),
            "XDG_RUNTIME_DIR=/run/user/1000 systemd-run --user --scope --quiet --collect '--unit=binnacle-job.scope' \
             '--description=The run job' -- /usr/bin/bn container supervise '/state/a b'"
        );
    }
}
