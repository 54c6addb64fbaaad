//! `bn container ssh-config`: an entry with which ssh, scp, sftp and editors reach a live run, inside the agent's walls.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::container::SshConfigArgs;
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::{Context, Exit};
use crate::container::ssh::{Entry, PLACES};
use crate::env;
use crate::error::{Failure, Usage};
use crate::process::{Cmd, Runner, last_line};
use crate::run::engine::{EngineError, is_installed};
use crate::run::life::ssh::prepare;
use crate::run::record::RunError;
use crate::run::watch::activity::{Activity, activity};

/// What an editor's way to bn may lack, where this shell has it.
const PASSED_ON: [&str; 3] = ["CONTAINERD_ADDRESS", "XDG_DATA_HOME", "XDG_STATE_HOME"];

#[derive(Serialize)]
struct Report {
    name: String,
    /// What ssh is told to connect to.
    host: String,
    user: String,
    identity: PathBuf,
    known_hosts: PathBuf,
    /// For `~/.ssh/config`.
    entry: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, host, entry, .. } = self;
        writeln!(
            f,
            "# The run {name}, as long as it goes on; the work is in /workspace. Above entries for all hosts in ~/.ssh/config."
        )?;
        writeln!(f, "# ssh {host}; scp {host}:/workspace/FILE .; code --remote ssh-remote+{host} /workspace")?;
        f.write_str(entry)
    }
}

pub fn run(args: &SshConfigArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "running", is_stoppable)?;
    let (name, spec) = (seen.record.name(), &seen.record.spec);
    let found = activity(&seen).map_err(|source| RunError::io("watch", seen.folder.path(), source))?;
    match found {
        Activity::Runs => {}
        Activity::Paused => return Err(RunError::Paused { name: name.to_owned() }.into()),
        Activity::None => return Err(RunError::NotRunning { name: name.to_owned() }.into()),
    }
    if spec.uid == 0 {
        let root = Usage::new(format!(
            "{name} works in a checkout of root's: sshd would need root's capabilities, which nobody has in there"
        ));
        return Err(root.hint(format!("look around in it: bn container shell {name}")).into());
    }
    if !is_installed(&context.env, "ssh-keygen") {
        return Err(EngineError::NotFound { tool: "ssh-keygen" }.into());
    }
    let runner = Runner::new(&context.env);
    let user = user_inside(name, &runner)?;
    let client = prepare(&seen.folder, name, &runner)?;
    let proxy = passing_on(&["container", "exec", name, "--", "bn", "container", "sshd"], context)?;
    let entry =
        Entry { name: name.to_owned(), user, identity: client.identity, known_hosts: client.known_hosts, proxy };
    let text = entry.text().ok_or_else(|| {
        let folder = seen.folder.path().display();
        Usage::new(format!("a configuration of ssh cannot name the folder {folder}"))
            .hint("set XDG_STATE_HOME to one without quotes, backslashes and dollar signs")
    })?;
    let host = entry.host();
    let Entry { name, user, identity, known_hosts, .. } = entry;
    context.output.print(&Report { name, host, user, identity, known_hosts, entry: text })?;
    Ok(Exit::DONE)
}

/// ssh gives the command to a shell behind an `exec`, which takes no variables.
fn passing_on(words: &[&str], context: &Context) -> Result<Cmd, Failure> {
    let set = PASSED_ON.iter().filter_map(|name| {
        let mut pair = OsString::from(format!("{name}="));
        pair.push(context.env.variable(name)?);
        Some(pair)
    });
    let set: Vec<OsString> = set.collect();
    let own = env::own_program()?;
    Ok(match set.is_empty() {
        true => Cmd::new(own).args(words),
        false => Cmd::new("env").args(set).arg(own).args(words),
    })
}

/// The name that the agent's user has in the container, where there is a server that lets that user in.
fn user_inside(name: &str, runner: &Runner) -> Result<String, Failure> {
    let script = format!("id -un; for place in {}; do if [ -x $place ]; then echo sshd; fi; done", PLACES.join(" "));
    let asked = runner.capture(&Cmd::new(env::own_program()?).args([
        "container",
        "exec",
        name,
        "--",
        "bash",
        "-c",
        &script,
    ]))?;
    let text = asked.text();
    let mut lines = text.lines();
    let user = lines.next().unwrap_or_default().to_owned();
    if !asked.success() || user.is_empty() {
        let why = asked.stderr.lines().find_map(|line| line.strip_prefix("Error: "));
        let why = why.unwrap_or_else(|| last_line(&asked.stderr));
        return Err(anyhow::anyhow!("who the agent's user in {name} is cannot be found out: {why}").into());
    }
    if lines.next() != Some("sshd") {
        let missing = Usage::new(format!("the image of {name} has no sshd"));
        return Err(missing
            .hint("build one that has it, for the next run: bn container build --package openssh-server")
            .hint(format!("meanwhile: bn container shell {name}"))
            .into());
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    if user.starts_with('-') || !user.chars().all(is_plain) {
        return Err(anyhow::anyhow!("the agent's user in {name} has a name that ssh does not take").into());
    }
    Ok(user)
}
