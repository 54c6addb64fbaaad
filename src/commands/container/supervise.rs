//! `bn container supervise`: the owner of a detached run. Started by `run`, with the run's lock as standard input.

use crate::cli::container::SuperviseArgs;
use crate::commands::{Context, Exit};
use crate::error::Failure;
use crate::git::host::Git;
use crate::output::progress::Shown;
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::life::detach::HELD;
use crate::run::life::steps::{self, Started};
use crate::run::life::supervise::{Interrupt, Owner};
use crate::run::record::folder::Folder;
use crate::run::record::lock::Lock;
use crate::run::record::run::Run;
use crate::run::record::run_json::Record;
use crate::run::watch::signals::Signals;

pub fn run(args: &SuperviseArgs, context: &Context) -> Result<Exit, Failure> {
    let folder = Folder::new(&args.folder);
    let lock = Lock::inherited()?;
    let record = Record::load(&folder)?;
    let mut run = Run::new(folder, record, lock);
    let runner = Runner::new(&context.env);
    let engine = Engine::recorded(run.record.spec.ctr.clone(), &runner);
    let git = Git::new(runner);
    let signals = Signals::catch()?;
    let owner = Owner {
        env: &context.env,
        engine: &engine,
        git: &git,
        signals: &signals,
        // Nobody reads along.
        output: context.output.showing(Shown::Not),
        follow: false,
        interrupt: Interrupt::Reaches,
    };
    let said = || context.output.write(format!("{HELD}\n").as_bytes());
    steps::live(&mut run, &owner, Started::default(), said)?;
    Ok(Exit::DONE)
}
