//! `bn config trust`: the user's word for what a project's settings open.

use std::fmt;

use serde::Serialize;

use crate::cli::config::TrustArgs;
use crate::cli::given::Given;
use crate::commands::config::confirmed::{Confirmed, is_wanted};
use crate::commands::config::gather;
use crate::commands::container::devcontainer;
use crate::commands::{Context, Exit, known};
use crate::config::setting::{Origin, Setting};
use crate::env::machine;
use crate::error::{Failure, Usage};
use crate::git::host::Git;
use crate::process::Runner;

#[derive(Serialize)]
struct Trusted {
    branch: String,
    confirmed: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    setting: String,
    from: Origin,
}

impl fmt::Display for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.confirmed.is_empty() {
            return writeln!(
                f,
                "the project's settings on {} need no confirmation: none of them lowers the wall",
                self.branch
            );
        }
        writeln!(f, "confirmed, until it changes:")?;
        self.confirmed.iter().try_for_each(|line| writeln!(f, "  {}  ({})", line.setting, line.from))
    }
}

pub fn run(args: &TrustArgs, context: &Context) -> Result<Exit, Failure> {
    let env = &context.env;
    let stronger =
        [gather::variables(env, &Given::default())?, gather::user(env, || known::trees(context, None))?].concat();
    let git = Git::new(Runner::new(env));
    let project = gather::project(&git, &env.directory, gather::wanted_target(&stronger))?;
    let project = project.ok_or_else(|| Usage::new("this is no repository, so there are no settings of a project"))?;
    let mut confirmed = Confirmed::read(env, &project.repository)?;
    if args.forget {
        confirmed.keep([])?;
        context.output.note("forgotten: the project's settings that lower the wall have to be confirmed again");
        return Ok(Exit::DONE);
    }
    let here = machine(0);
    let settings = [project.settings.clone(), devcontainer::settings_if_any(&project, &git)].concat();
    let wanted: Vec<&Setting> = settings.iter().filter(|setting| is_wanted(setting, &here)).collect();
    confirmed.keep(wanted.iter().copied())?;
    let lines = wanted.iter().map(|setting| Line { setting: setting.to_string(), from: setting.origin.clone() });
    context.output.print(&Trusted { branch: project.branch.clone(), confirmed: lines.collect() })?;
    Ok(Exit::DONE)
}
