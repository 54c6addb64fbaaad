//! `bn container doctor --report`: reads the machine, and tries a run on it.

use std::fmt;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::commands::Context;
use crate::commands::container::doctor::host::{switches, text};
use crate::container::ctr::Ctr;
use crate::container::doctor::Finding;
use crate::container::doctor::report::{Hidden, Line, Machine, lines};
use crate::container::image_list;
use crate::container::reference::image_reference;
use crate::container::wall::HostFacts;
use crate::env::Env;
use crate::error::Failure;
use crate::process::{Cmd, Runner, last_line};
use crate::run::engine::Engine;

#[derive(Serialize)]
pub struct Report {
    machine: Vec<Line>,
    findings: Vec<Finding>,
}

impl Report {
    pub fn of(context: &Context, findings: Vec<Finding>) -> Result<Self, Failure> {
        let env = &context.env;
        let runner = Runner::new(env);
        let hidden = Hidden { name: &env.user.name, home: env.user.home.as_deref() };
        let findings = findings.into_iter().map(|finding| hidden.in_finding(finding)).collect();
        Ok(Self { machine: lines(&machine(env, &runner, hidden)?), findings })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.machine.iter().map(|line| line.name.len()).max().unwrap_or(0);
        for Line { name, value } in &self.machine {
            writeln!(f, "{name:<width$}  {value}")?;
        }
        writeln!(f)?;
        super::write_findings(f, &self.findings)
    }
}

fn machine(env: &Env, runner: &Runner, hidden: Hidden<'_>) -> Result<Machine, Failure> {
    let read = |path: &str| text(Path::new(path));
    Ok(Machine {
        os_release: read("/etc/os-release")?.unwrap_or_default(),
        kernel: read("/proc/sys/kernel/osrelease")?.unwrap_or_default(),
        init: read("/proc/1/comm")?.unwrap_or_default(),
        modules: read("/sys/kernel/security/lsm")?,
        user_namespaces: switches()?,
        dumps_to_program: read("/proc/sys/kernel/core_pattern")?.is_some_and(|pattern| HostFacts::is_program(&pattern)),
        flags: runner.read(&Ctr::run_help()).ok().map(|help| help.text()),
        trial: hidden.in_text(&trial(env, runner).unwrap_or_else(|error| format!("could not be tried: {error}"))),
    })
}

/// A run of this very program in a repository that goes with it. Its agent begins only if the wall is as asked for.
fn trial(env: &Env, runner: &Runner) -> Result<String, Failure> {
    // Asks sudo's one question, where there is one.
    let engine = Engine::connect(env, runner)?;
    let other = other_image(&engine.ctr, runner)?;
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let identity = ["-c", "user.name=bn", "-c", "user.email=bn@localhost"];
    let tree = Cmd::new("git").args(["init", "--quiet"]).arg(at("tree"));
    let commit = Cmd::new("git").args(identity).args(["commit", "--quiet", "--allow-empty", "-m", "trial"]);
    runner.read(&tree)?;
    runner.read(&commit.directory(at("tree")))?;
    let name = format!("doctor-{}", std::process::id());
    let run = Cmd::new(crate::env::own_program()?)
        .args(["container", "run", "--no-merge", "--name", &name])
        .args(other.iter().flat_map(|image| ["--tag", image]))
        .args([".", "--", "true"])
        .env("XDG_STATE_HOME", at("state"))
        .env("XDG_DATA_HOME", at("data"))
        .directory(at("tree"));
    let begun = Instant::now();
    let answer = runner.capture(&run)?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(if answer.success() {
        format!("succeeded in {seconds:.1} s, isolated as it should be")
    } else {
        let error = answer.stderr.lines().find(|line| line.starts_with("Error")).unwrap_or(last_line(&answer.stderr));
        let hint = answer.stderr.lines().find_map(|line| line.trim_start().strip_prefix("hint: "));
        hint.map_or_else(|| error.to_owned(), |hint| format!("{error}; {hint}"))
    })
}

/// An image to try where the one is missing that a run takes by itself: the demo, for one, builds another.
fn other_image(ctr: &Ctr, runner: &Runner) -> Result<Option<String>, Failure> {
    let table = runner.read(&ctr.built_images())?.text();
    let built: Vec<&str> = image_list::references(&table).collect();
    let has_default = built.contains(&image_reference("latest")?.as_str());
    Ok(built.first().filter(|_| !has_default).map(|image| (*image).to_owned()))
}
