//! `bn container run --dry-run`: the run itself, rehearsed in temporary folders, with a container that does nothing.
//!
//! Programs that would change something are not started, and all of them are named.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use tempfile::TempDir;

use crate::cli::container::RunArgs;
use crate::commands::Context;
use crate::commands::container::asked_ahead;
use crate::commands::container::configured;
use crate::commands::container::create;
use crate::commands::container::notify;
use crate::commands::container::resolve::{Resolved, resolve};
use crate::container::network::Network;
use crate::data_dir::DataDir;
use crate::env::Env;
use crate::error::Failure;
use crate::git::host::Git;
use crate::process::{Cmd, Runner};
use crate::run::engine::process;
use crate::run::life::conflicts;
use crate::run::life::detach::detach;
use crate::run::life::land::{Landing, Merge};
use crate::run::life::over;
use crate::run::life::plan::Plan;
use crate::run::life::steps::{self, Starter};
use crate::run::record::census::all;
use crate::run::record::check::CheckSpec;
use crate::run::record::run_json::{NetworkSpec, RunSpec};
use crate::run::record::secrets::{PROMPT, Secrets};

#[derive(Serialize)]
pub struct DryRun {
    name: String,
    target: String,
    image: String,
    /// The names of what would be passed as a file.
    secrets: Vec<String>,
    /// Copilot's configuration, with the token in it, is mounted.
    copilot_config: bool,
    /// The agent gets a copy of its sign-in.
    sign_in: bool,
    cpus: f64,
    memory: u64,
    pids: u32,
    disk: u64,
    network: NetworkSpec,
    /// What is tried before its work lands, in a run of its own.
    check: Option<CheckSpec>,
    /// In order.
    steps: Vec<Step>,
}

/// A part of a run, and the programs that it starts.
#[derive(Serialize)]
struct Step {
    step: String,
    commands: Vec<String>,
}

impl DryRun {
    pub fn of(args: &RunArgs, context: &Context, runner: &Runner) -> Result<Self, Failure> {
        let git = Git::new(runner.clone());
        let Resolved { plan, notes, .. } = resolve(args, context, runner, &git, None)?;
        notes.iter().for_each(|note| context.output.note(note));
        conflicts::refuse(&plan, &all(&plan.repositories)?, &git)?;
        let stage = Stage::new(context).context("cannot make folders for the rehearsal")?;
        let args = RunArgs { name: Some(plan.spec.name.clone()), ..args.clone() };
        let steps = rehearse(&args, &stage.context, &context.env, &runner.clone().rehearsing(stage.moved))?;
        let spec = plan.spec;
        Ok(Self {
            name: spec.name,
            target: spec.target.branch,
            secrets: plan.secrets.names().into_iter().map(str::to_owned).collect(),
            copilot_config: plan.copilot_config.is_some(),
            sign_in: spec.logins.is_some(),
            cpus: spec.limits.cpus,
            memory: spec.limits.memory,
            pids: spec.limits.pids,
            disk: spec.limits.disk,
            image: spec.image,
            network: spec.network,
            check: spec.check,
            steps,
        })
    }

    /// What the agent could do with the keys that it gets.
    fn reach(&self) -> String {
        let named = self.secrets.iter().map(String::as_str).filter(|name| *name != PROMPT);
        let lent = [(self.copilot_config, "Copilot's configuration"), (self.sign_in, "a copy of its sign-in")];
        let lent = lent.into_iter().filter_map(|(is_lent, what)| is_lent.then_some(what));
        let keys: Vec<&str> = named.chain(lent).collect();
        let closed = self.network.mode == Network::None || !self.network.only.is_empty();
        match (keys.as_slice(), closed) {
            ([], _) => "it gets no key".to_owned(),
            (keys, true) => format!("it holds {} itself", keys.join(", ")),
            (keys, false) => {
                format!("it holds {} itself and can send that anywhere; --only limits where", keys.join(", "))
            }
        }
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# run {} on {}, merging into {}", self.name, self.image, self.target)?;
        writeln!(
            f,
            "# limits: {} CPUs, {} MiB of memory and no swap, {} processes, {} MiB of disk",
            self.cpus,
            self.memory >> 20,
            self.pids,
            self.disk >> 20
        )?;
        writeln!(f, "# passed as a file: {}", self.secrets.join(", "))?;
        writeln!(f, "# the agent reaches {}; {}", self.network, self.reach())?;
        if let Some(check) = &self.check {
            writeln!(f, "# before it merges: {check}")?;
        }
        for endpoint in &self.network.models {
            writeln!(f, "# its key stays outside: {endpoint}")?;
        }
        for Step { step, commands } in &self.steps {
            writeln!(f, "# {step}")?;
            commands.iter().try_for_each(|command| writeln!(f, "{command}"))?;
        }
        Ok(())
    }
}

/// Where a run is rehearsed: folders in the place of the user's own, and gone with this value.
struct Stage {
    context: Context,
    /// Folders here, and those that they stand for.
    moved: Vec<(PathBuf, PathBuf)>,
    _folder: TempDir,
}

impl Stage {
    fn new(context: &Context) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bn-dry-run-").tempdir()?;
        let top = folder.path().canonicalize()?;
        let mut env = context.env.clone();
        let mut moved = Vec::new();
        let homes = [("data", &mut env.data_home), ("state", &mut env.state_home), ("run", &mut env.runtime_dir)];
        for (name, home) in homes {
            if let Some(home) = home {
                let here = top.join(name);
                moved.push((here.clone(), std::mem::replace(home, here)));
            }
        }
        env.container_mode = Some("no".to_owned());
        // What earlier runs have learnt is not asked again.
        if let (Ok(learnt), Ok(here)) = (DataDir::resolve(&context.env), DataDir::resolve(&env))
            && learnt.ctr_flags().exists()
        {
            std::fs::create_dir_all(here.repositories())?;
            std::fs::copy(learnt.ctr_flags(), here.ctr_flags())?;
        }
        // Which variables and endpoints there are depends on it; it is only read.
        if let (Ok(own), Ok(here)) = (DataDir::resolve(&context.env), DataDir::resolve(&env))
            && let Some(data) = here.logins().parent()
        {
            std::fs::create_dir_all(data)?;
            std::os::unix::fs::symlink(own.logins(), here.logins())?;
        }
        Ok(Self { context: Context { env, output: context.output }, moved, _folder: folder })
    }
}

/// What names the rest of a run, once its worktree is there.
fn afterwards(args: &RunArgs) -> Cmd {
    Cmd::new("bn").args(["container", "run", "--dry-run"]).args(args.worktree.as_deref())
}

/// The life of a run whose agent does nothing. `own` has the user's own folders.
fn rehearse(args: &RunArgs, context: &Context, own: &Env, runner: &Runner) -> Result<Vec<Step>, Failure> {
    let git = Git::new(runner.clone());
    let mut steps = Vec::new();
    let mut done = |step: &str| steps.push(Step { step: step.to_owned(), commands: runner.rehearsed() });
    // It was read before, to know what the run is: by now the flags say what it said.
    let looking = git.remembering();
    let asked = asked_ahead::guess(args, &args.tag, &[], context, runner);
    configured::ask_ahead(args, &[], &looking, context);
    configured::project(args, &[], &looking, context)?;
    done("configure: ask containerd, and read the project's settings; nothing is changed");
    if let Some(branch) = &args.branch {
        create::worktree(args, branch, &git, context)?;
        done(&format!("create: make the worktree and its branch {branch}"));
    }
    let Resolved { plan, engine, .. } = resolve(args, context, runner, &looking, asked)?;
    let (plan, engine) = (Plan { secrets: Secrets::default(), model_keys: Secrets::default(), ..plan }, &engine);
    // A rehearsal takes the token that renews it from nobody.
    let plan = Plan { spec: RunSpec { logins: None, ..plan.spec }, ..plan };
    done("resolve: read the repository; nothing is changed");
    if args.create {
        // What comes then reads the files of the worktree, one by one.
        done(&format!(
            "prepare, start, finish: once the worktree is there, this names their commands: {}",
            afterwards(args)
        ));
        return Ok(steps);
    }
    let (mut run, ready) = steps::begin(&plan, engine, &looking, context.output, || Ok(()))?;
    done("prepare: look through the worktree, and make the folders that are mounted");
    let starter = Starter { env: own, engine, git: &looking, output: context.output, get_image: &|| Ok(()) };
    steps::start(&mut run, ready, &starter, |_, _| None)?;
    if plan.spec.detached {
        detach(&run, runner, own, context.output)?;
        args.notify.as_ref().map(|wanted| notify::later(wanted, &run.record, runner, own)).transpose()?;
    }
    done("start: start the container, fill its private git folder meanwhile, set its limits and let the agent start");
    run.record.started_at = Some(crate::env::now());
    let code = (plan.spec.terminal || process::ends_are_known()).then_some(0);
    run.record.ending = Some(over::ending(&mut run, engine, code, false)?);
    steps::end(&mut run, engine, &git, &Landing::of(Merge::AsPlanned))?;
    done("finish: remove the container and merge, here without a commit; commits of the agent need more commands");
    Ok(steps)
}
