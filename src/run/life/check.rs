//! The trial of what a target would be, before work lands there: a run of its own in a fresh container of the same image, on a
//! throw-away checkout. Nothing of what it writes comes back but its log.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use crate::container::again::Again;
use crate::container::agent::{Agent, AgentType};
use crate::container::ctr::{Ctr, Flags};
use crate::container::network::Network;
use crate::container::user_mount::UserMount;
use crate::env::{Env, TimeZone, random};
use crate::error::Failure;
use crate::failpoint::Point;
use crate::git::host::Git;
use crate::git::host::target::Target;
use crate::git::merge::trial;
use crate::git::private::RunGit;
use crate::graph::model::session::RUN;
use crate::output::Output;
use crate::run::engine::{Engine, EngineError};
use crate::run::life::over;
use crate::run::life::plan::{Host, Plan};
use crate::run::life::prepare::{self, Ready};
use crate::run::life::start::{Started, Starter, start};
use crate::run::life::supervise::{Interrupt, Owner, supervise};
use crate::run::record::census::Seen;
use crate::run::record::check::{Check, CheckSpec, LINES};
use crate::run::record::graph_access::GraphAccess;
use crate::run::record::run::Run;
use crate::run::record::run_json::{Mode, NetworkSpec, Record, RunSpec};
use crate::run::record::secrets::Secrets;
use crate::run::record::state::Ending;
use crate::run::record::{RunError, store};
use crate::run::watch::signals::Signals;
use crate::sanitize;
use crate::untrusted::remove;

/// What a check needs of whoever wants work to land.
#[derive(Clone, Copy)]
pub struct Checker<'a> {
    pub env: &'a Env,
    pub engine: &'a dyn Fn() -> Result<Engine, Failure>,
    /// Those that the process catches already, where it does.
    pub signals: Option<&'a Signals>,
    pub output: Output,
}

/// What a check has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    Passed,
    Failed,
    /// Somebody ended it, and nothing is known.
    Stopped,
}

/// Tries a commit, and records what came of it. One that has passed in the same way is not tried again.
pub fn check(
    run: &mut Run,
    git: &Git,
    prepared: &RunGit,
    commit: &str,
    spec: &CheckSpec,
    checker: Checker<'_>,
) -> Result<Checked, Failure> {
    let image = run.record.spec.image.clone();
    if let Some(check) = run.record.check.as_ref().filter(|check| check.speaks_for(spec, commit, &image)) {
        checker.output.note(format_args!("{} (before now, and nothing has changed since)", check.said()));
        return Ok(Checked::Passed);
    }
    let check = Check {
        spec: spec.clone(),
        container: format!("check-{:010x}", random()? & 0xff_ffff_ffff),
        commit: commit.to_owned(),
        image,
        started_at: crate::env::now(),
        ended_at: None,
        ending: None,
        not_started: None,
        lines: Vec::new(),
    };
    checker.output.doing(format_args!(
        "{}: {}",
        run.name(),
        check.announced(&run.record.spec.target.branch, run.record.spec.setup.as_deref())
    ));
    run.record.check = Some(check);
    run.save(Point::CheckBegun)?;
    let step = checker.output.step(format_args!("checking {}: {}", run.name(), spec.command));
    let tried = in_container(run, git, prepared, checker);
    drop(step);
    let lines = keep_log(run)?;
    remove::folder(&run.folder.check())?;
    if let Some(check) = &mut run.record.check {
        check.lines = lines;
        check.ended_at = Some(crate::env::now());
        match tried {
            Ok(ending) => check.ending = Some(ending),
            Err(error) => check.not_started = Some(error.to_string()),
        }
        checker.output.note(format_args!("{}: {}", run.record.spec.name, check.said()));
    }
    run.save(Point::CheckEnded)?;
    Ok(match run.record.check.as_ref().and_then(|check| check.ending) {
        Some(ending) if ending.is_success() => Checked::Passed,
        Some(Ending::Stopped { .. }) => Checked::Stopped,
        _ => Checked::Failed,
    })
}

/// Removes what a check has left whose maker was killed.
pub fn clear(run: &mut Run, engine: &Engine) -> Result<(), Failure> {
    let Some(check) = run.record.check.as_ref().filter(|check| check.is_open()) else { return Ok(()) };
    engine.terminate(&check.container, Duration::ZERO)?;
    engine.remove(&check.container)?;
    remove::folder(&run.record.spec.runtime.with_file_name(&check.container))?;
    let lines = keep_log(run)?;
    remove::folder(&run.folder.check())?;
    if let Some(check) = &mut run.record.check {
        check.lines = lines;
        check.ended_at = Some(crate::env::now());
    }
    Ok(run.save(Point::CheckEnded)?)
}

/// Ends the check that a run's owner makes; the owner says what becomes of that.
pub fn stop(seen: &Seen, engine: &Engine) -> Result<(), Failure> {
    // Begun after the record was read, perhaps.
    let record = Record::load(&seen.folder)?;
    let Some(check) = record.check.filter(Check::is_open) else { return Ok(()) };
    let inner = seen.folder.check_run();
    if inner.path().is_dir() {
        let request = inner.stop_request();
        store::write_durably(&request, b"", 0o600).map_err(|source| RunError::io("write", &request, source))?;
    }
    Ok(engine.terminate(&check.container, Duration::ZERO)?)
}

/// How the command ended.
fn in_container(run: &Run, git: &Git, prepared: &RunGit, checker: Checker<'_>) -> Result<Ending, Failure> {
    let engine = &(checker.engine)()?;
    let Some(check) = &run.record.check else { return Ok(Ending::Lost) };
    let folder = run.folder.check();
    remove::folder(&folder)?;
    store::create_private(&folder).map_err(|source| RunError::io("make", &folder, source))?;
    let checkout = trial::create(git, prepared, &check.commit, &folder.join("tree"))?;
    let target = Target { branch: run.record.spec.target.branch.clone(), note: None, checkout: None };
    let spec = RunSpec { checkout, target, ..spec(&run.record.spec, check, &folder)? };
    let plan = plan(run, spec, engine, checker.env)?;
    engine.require_image(&plan.spec.image)?;
    prepare::refuse_taken(&plan.spec.name, engine.has_container(&plan.spec.name)?)?;
    let silent = checker.output.without_notes();
    let (mut inner, Ready { container, git: laid, .. }) = prepare::begin(&plan, engine, git, silent, || Ok(()))?;
    let fill = |run: &mut Run| {
        let uncommitted = laid.ask(git)?;
        prepare::fill(run, laid, uncommitted, git).map(drop)
    };
    // It was there a moment ago.
    let starter = Starter { env: checker.env, engine, git, output: silent, get_image: &|| Ok(()) };
    let foreground = start(&mut inner, &container, &starter, fill)?;
    let caught = checker.signals.is_none().then(Signals::catch).transpose()?;
    let Some(signals) = checker.signals.or(caught.as_ref()) else { return Ok(Ending::Lost) };
    let owner = Owner {
        env: checker.env,
        engine,
        git,
        signals,
        output: checker.output,
        follow: false,
        interrupt: Interrupt::Ends,
    };
    let ended = supervise(&mut inner, &owner, Started { foreground, doors: None }, || Ok(()))
        .and_then(|supervised| Ok((supervised.ending(&mut inner, engine)?, supervised)));
    over::remove_container(&mut inner, engine)?;
    prepare::remove_secrets(&inner.record.spec)?;
    let (ending, supervised) = ended?;
    supervised.pass_on(&inner, checker.output)?;
    Ok(ending)
}

/// The run in which a command is tried. It gets no key, nothing that an agent remembers, and a graph of its own; caches only where there is
/// a set-up that could fetch nothing without them: an agent may have changed what is in them.
fn spec(of: &RunSpec, check: &Check, folder: &Path) -> Result<RunSpec, Failure> {
    Ok(RunSpec {
        name: check.container.clone(),
        session: format!("{RUN}{:010x}", random()? & 0xff_ffff_ffff),
        agent: Agent::Copilot,
        agent_type: AgentType::Worker,
        command: vec!["sh".to_owned(), "-c".to_owned(), check.spec.command.clone()],
        mode: Mode::Check,
        timeout_seconds: Some(check.spec.timeout_seconds),
        detached: false,
        terminal: false,
        network: network(of, check.spec.network),
        publish: Vec::new(),
        // What the agent could write there, a check can only read.
        mounts: of.mounts.iter().map(|mount| UserMount { writable: false, ..mount.clone() }).collect(),
        graph: folder.join("graph"),
        graph_access: GraphAccess::Agent,
        caches: of.caches.clone().filter(|_| of.setup.is_some() && check.spec.network == Network::None),
        agent_home: None,
        logins: None,
        go_on: false,
        check: None,
        again: Again::default(),
        retry_of: None,
        runtime: of.runtime.with_file_name(&check.container),
        ..of.clone()
    })
}

/// Where the run itself left through the proxy, its rules count for the check, too.
fn network(of: &RunSpec, mode: Network) -> NetworkSpec {
    match mode == Network::Egress && of.network.mode == Network::Egress {
        // It gets no key, and none is used for it.
        true => NetworkSpec { models: Vec::new(), origin: None, ..of.network.clone() },
        false => NetworkSpec {
            mode,
            allow: Vec::new(),
            only: Vec::new(),
            upstream_by_name: false,
            models: Vec::new(),
            origin: None,
        },
    }
}

fn plan(run: &Run, spec: RunSpec, engine: &Engine, env: &Env) -> Result<Plan, Failure> {
    let repositories = run.folder.path().ancestors().nth(3).unwrap_or(Path::new("/"));
    Ok(Plan {
        folder: run.folder.check_run(),
        repositories: repositories.to_owned(),
        secrets: Secrets::default(),
        model_keys: Secrets::default(),
        no_hooks: true,
        fresh: false,
        settings: Vec::new(),
        seccomp: seccomp(run),
        copilot_config: None,
        ssh_agent: None,
        time_zone: TimeZone::default(),
        terminal: None,
        host: Host::of(
            engine,
            env,
            Flags::of_help(&engine.runner().read(&Ctr::run_help()).map_err(EngineError::from)?.text()),
        ),
        spec,
    })
}

/// The profile that the agent had.
fn seccomp(run: &Run) -> Option<Vec<u8>> {
    fs::read(run.folder.seccomp()).ok()
}

/// Takes the log out of what is thrown away. Its last lines, safe to print.
fn keep_log(run: &Run) -> Result<Vec<String>, Failure> {
    let (from, to) = (run.folder.check_run().log(), run.folder.check_log());
    match fs::rename(&from, &to) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|source| RunError::io("keep", &from, source))?,
    }
    let text = File::open(&to).and_then(crate::process::tail).map_err(|source| RunError::io("read", &to, source))?;
    let text = sanitize::lines(&text).into_owned();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    Ok(lines[lines.len().saturating_sub(LINES)..].iter().map(|line| (*line).to_owned()).collect())
}
