//! Reads what the doctor judges: the programs and the user; containerd and the machine have files of their own.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::commands::container::doctor::{engine, host};
use crate::container::doctor::facts::{Facts, SudoFacts, Tool, UserFacts};
use crate::container::doctor::tools;
use crate::data_dir::DataDir;
use crate::env::Env;
use crate::error::Failure;
use crate::process::sudo::free_rules;
use crate::process::{Cmd, ProcessError, Runner};
use crate::run::engine::program;

pub fn facts(env: &Env) -> Result<Facts, Failure> {
    let runner = Runner::new(env);
    let data = DataDir::resolve(env)?;
    Ok(Facts {
        mode: data.mode().because,
        user: user(env)?,
        tools: tools::names().map(|name| tool(name, env, &runner)).collect::<Result<_, _>>()?,
        engine: engine::facts(env, &runner),
        sudo: sudo(env, &runner)?,
        host: host::facts(env, &data)?,
    })
}

fn user(env: &Env) -> io::Result<UserFacts> {
    let has = |file: &str| Ok::<_, io::Error>(has_entry(&host::text(Path::new(file))?.unwrap_or_default(), env));
    let has_subids = has("/etc/subuid")? && has("/etc/subgid")?;
    Ok(UserFacts { name: env.user.name.clone(), uid: env.user.uid, privilege: env.privilege, has_subids })
}

/// `NAME:FIRST:COUNT`, where NAME may be a uid.
fn has_entry(text: &str, env: &Env) -> bool {
    let uid = env.user.uid.to_string();
    text.lines().filter_map(|line| line.split_once(':')).any(|(name, _)| name == env.user.name || name == uid)
}

fn tool(name: &'static str, env: &Env, runner: &Runner) -> Result<Tool, ProcessError> {
    let Some(path) = program(env, name) else { return Ok(Tool { name, path: None, version: None, package: None }) };
    // newuidmap knows no --version, and says so on standard error.
    let asked = runner.capture(&Cmd::new(&path).arg("--version"))?;
    let version = Some(asked.text()).filter(|text| asked.success() && !text.is_empty());
    let package = package(&path, env, runner)?;
    Ok(Tool { name, path: Some(path), version, package })
}

/// Which package brought a file, by the package manager that this machine has.
fn package(path: &Path, env: &Env, runner: &Runner) -> Result<Option<String>, ProcessError> {
    let ask = |cmd: Cmd| runner.capture(&cmd).map(|answer| Some(answer.text()).filter(|_| answer.success()));
    if program(env, "dpkg-query").is_some() {
        let Some(owner) = ask(Cmd::new("dpkg-query").arg("--search").arg(path))? else { return Ok(None) };
        let owner = owner.split(':').next().unwrap_or_default().to_owned();
        return ask(Cmd::new("dpkg-query").args(["--show", "--showformat", "${Package} ${Version}", &owner]));
    }
    if program(env, "rpm").is_some() {
        let format = "%{NAME} %{VERSION}-%{RELEASE}";
        return ask(Cmd::new("rpm").args(["--query", "--queryformat", format, "--file"]).arg(path));
    }
    Ok(None)
}

fn sudo(env: &Env, runner: &Runner) -> Result<SudoFacts, ProcessError> {
    let used = runner.uses_sudo() && program(env, "sudo").is_some();
    let rules = if used {
        let asked = runner.capture(&Cmd::new("sudo").args(["-n", "-l"]))?;
        if asked.success() { free_rules(&asked.text()) } else { Vec::new() }
    } else {
        Vec::new()
    };
    let programs = rules.iter().flat_map(|rule| &rule.commands).filter_map(|command| command.split(' ').next());
    let changeable = programs.map(PathBuf::from).filter(|path| path.is_absolute() && is_changeable(path)).collect();
    Ok(SudoFacts { used, rules, changeable })
}

/// The file or its folder can be written by others than root. What is not there cannot be run either.
fn is_changeable(path: &Path) -> bool {
    let by_others = |path: &Path| fs::metadata(path).is_ok_and(|found| found.uid() != 0 || found.mode() & 0o022 != 0);
    by_others(path) || path.parent().is_some_and(by_others)
}
