//! `bn container own`: what holds a detached run. Started by `run`, with the run's lock as standard input.

use super::run::HELD;
use crate::cli::container::OwnArgs;
use crate::commands::{Context, Exit};
use crate::git::Git;
use crate::process::Runner;
use crate::run::engine::Engine;
use crate::run::folder::Folder;
use crate::run::hold::{self, Owner};
use crate::run::lock::Lock;
use crate::run::record::{Record, Run};
use crate::run::signals::Signals;
use crate::run::start::Foreground;

pub fn run(args: &OwnArgs, context: &Context) -> anyhow::Result<Exit> {
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
        output: context.output,
        follow: false,
    };
    let said = || context.output.write(format!("{HELD}\n").as_bytes());
    hold::hold_and_tell(&mut run, &owner, Foreground::default(), said)?;
    Ok(Exit::DONE)
}
